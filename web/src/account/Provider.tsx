import { useQuery } from "@tanstack/react-query";
import { Button } from "react-aria-components";
import { getSignInWays } from "../api";
import { linkProvider } from "../api/accounts";
import { toastError } from "../app/toasts";

/** Links your account with one at the identity provider, where there is one. */
export function Provider() {
  const ways = useQuery({ queryKey: ["sign-in"], queryFn: getSignInWays });
  return ways.data?.oidc.map(({ name }) => (
    <section key={name} className="section" aria-label={name}>
      <div className="section-head">
        <h2>{name}</h2>
        <Button className="button" onPress={() => void link()}>
          Link my account
        </Button>
      </div>
      <p className="mute">Then you can sign in here with your account at {name}.</p>
    </section>
  ));
}

async function link() {
  try {
    location.assign((await linkProvider("/me")).url);
  } catch (error) {
    toastError(error);
  }
}
