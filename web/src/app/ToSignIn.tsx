import { useRouter } from "@tanstack/react-router";
import { useEffect } from "react";

const LOGIN = "/login";

/** Asks to sign in, and then comes back here. Once: `<Navigate>` would navigate anew with each change of the address. */
export function ToSignIn() {
  const router = useRouter();
  useEffect(() => {
    const { href, pathname } = router.state.location;
    if (pathname !== LOGIN) void router.navigate({ to: LOGIN, search: { next: href }, replace: true });
  }, [router]);
  return null;
}
