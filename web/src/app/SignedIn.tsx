import type { ReactNode } from "react";
import { Button } from "react-aria-components";
import { ApiError, type Session } from "../api";
import { Notice, Skeleton } from "../ui/Notice";
import { useSession } from "./query";
import { ToSignIn } from "./ToSignIn";

/** Shows its children to whom the server knows; everybody else is asked to sign in and comes back here. */
export function SignedIn({ children }: { children: (session: Session) => ReactNode }) {
  const session = useSession();
  if (session.data) return children(session.data);
  if (session.isPending)
    return (
      <main className="page">
        <Skeleton rows={4} label="Loading" />
      </main>
    );
  if (session.error instanceof ApiError && session.error.status === 401) return <ToSignIn />;
  return (
    <main className="page">
      <Notice
        isPage
        title="The server does not answer"
        actions={
          <Button className="button primary" onPress={() => session.refetch()}>
            Try again
          </Button>
        }
      >
        {session.error.message}
      </Notice>
    </main>
  );
}
