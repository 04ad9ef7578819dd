import type { ReactNode } from "react";
import type { Session } from "../api";
import { UserMenu } from "./UserMenu";
import { Wordmark } from "./Wordmark";

interface PageFrameProps {
  session: Session;
  /** Where this page belongs, between the wordmark and your face. */
  place?: ReactNode;
  /** Links to the page's neighbours. */
  nav?: ReactNode;
  children: ReactNode;
}

/** The frame of every page that is not the editor. */
export function PageFrame({ session, place, nav, children }: PageFrameProps) {
  return (
    <>
      <header className="topbar">
        <Wordmark />
        {place}
        <span className="spacer" />
        <UserMenu session={session} />
      </header>
      {nav ? (
        <div className="page with-nav">
          {nav}
          <main>{children}</main>
        </div>
      ) : (
        <main className="page">{children}</main>
      )}
    </>
  );
}
