import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { Button } from "react-aria-components";
import * as api from "../api";
import { acceptInvitation, getInvitation, type OfferedInvitation } from "../api/accounts";
import { queryClient, useSession } from "../app/query";
import { useTitle } from "../app/useTitle";
import { roleName } from "../app/words";
import { Field } from "../ui/Field";
import { Mark } from "../ui/Mark";
import { Notice, Skeleton } from "../ui/Notice";
import { Moment } from "../ui/When";
import { Who } from "../ui/Who";
import { Wordmark } from "../ui/Wordmark";

/** What an invitation link opens: to which project, by whom, as what; then in. */
export function JoinPage() {
  const { token } = useParams({ from: "/join/$token" });
  const offer = useQuery({ queryKey: ["invitation", token], queryFn: () => getInvitation(token) });
  const session = useSession();
  useTitle(offer.data ? `Join ${offer.data.project.name}` : "Invitation");
  if (offer.isError) return <Unusable error={offer.error} retry={() => void offer.refetch()} />;
  return (
    <main className="login">
      <Wordmark />
      {offer.isPending || session.isPending ? (
        <Skeleton rows={5} label="Loading the invitation" />
      ) : (
        <>
          <Offer offer={offer.data} />
          {session.data && !session.data.anonymous ? (
            <JoinSignedIn token={token} session={session.data} />
          ) : (
            <JoinAnew token={token} slug={offer.data.project.slug} />
          )}
        </>
      )}
    </main>
  );
}

/** Expired, used up, withdrawn and mistyped links look the same. */
function Unusable({ error, retry }: { error: Error; retry: () => void }) {
  const gone = error instanceof api.ApiError && error.status < 500 && error.status !== 429;
  return (
    <main className="page">
      <Notice
        isPage
        title={gone ? "This invitation cannot be used" : "The invitation could not be loaded"}
        actions={
          gone ? (
            <Link to="/" className="button">
              Go to Atrium
            </Link>
          ) : (
            <Button className="button primary" onPress={retry}>
              Try again
            </Button>
          )
        }
      >
        {gone
          ? "It may have expired, been used up, or been withdrawn. Ask whoever sent it for a new one."
          : error.message}
      </Notice>
    </main>
  );
}

function Offer({ offer: { project, inviter, role, note, expires_at } }: { offer: OfferedInvitation }) {
  return (
    <>
      <h1>Join {project.name}</h1>
      <p className="invitation">
        <Mark kind="person" hue={inviter.hue} name={inviter.name} />
        <span>
          <strong>{inviter.name}</strong> invites you as <strong>{roleName(role).toLowerCase()}</strong>.
        </span>
      </p>
      {note && <blockquote>{note}</blockquote>}
      {expires_at && (
        <p className="mute">
          The invitation is good until <Moment at={expires_at} />.
        </p>
      )}
    </>
  );
}

/** Accepts the invitation and opens the project. */
function useJoin(token: string) {
  const navigate = useNavigate();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  async function join(account: { name?: string; password?: string }) {
    if (busy) return;
    setBusy(true);
    setProblem(null);
    try {
      const { project } = await acceptInvitation(token, account);
      queryClient.clear();
      await navigate({ to: "/p/$slug", params: { slug: project.slug } });
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  }
  return { join, busy, problem, setProblem };
}

function JoinSignedIn({ token, session }: { token: string; session: api.Session }) {
  const { join, busy, problem } = useJoin(token);
  const next = `/join/${token}`;
  return (
    <>
      <p className="signed-in">
        You are signed in as <Who user={session.user} />
      </p>
      {problem && (
        <p className="form-error" role="alert">
          {problem}
        </p>
      )}
      <Button className="button primary wide" onPress={() => void join({})} autoFocus>
        {busy ? "Joining…" : "Join the project"}
      </Button>
      <p>
        <Link to="/login" search={{ next }}>
          Join with another account
        </Link>
      </p>
    </>
  );
}

/** An account is made together with the membership; where visitors are allowed, they may look first. */
function JoinAnew({ token, slug }: { token: string; slug: string }) {
  const ways = useQuery({ queryKey: ["sign-in"], queryFn: api.getSignInWays });
  const { join, busy, problem, setProblem } = useJoin(token);
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");

  function submit(event: FormEvent) {
    event.preventDefault();
    if (name.trim() === "" || password === "") setProblem("Choose a name and a password.");
    else void join({ name: name.trim(), password });
  }

  return (
    <>
      <form onSubmit={submit}>
        <Field
          label="Your name"
          hint="The others see it beside what you write."
          autoComplete="username"
          value={name}
          onChange={setName}
          autoFocus
        />
        <Field
          label="Password"
          hint="With it you can come back from any device."
          type="password"
          autoComplete="new-password"
          value={password}
          onChange={setPassword}
        />
        {problem && (
          <p className="form-error" role="alert">
            {problem}
          </p>
        )}
        <Button type="submit" className="button primary wide">
          {busy ? "Joining…" : "Make an account and join"}
        </Button>
      </form>
      <div className="other-ways">
        <Link to="/login" search={{ next: `/join/${token}` }}>
          I have an account already
        </Link>
        {ways.data?.anonymous && (
          <Link to="/p/$slug" params={{ slug }}>
            Look around as a guest
          </Link>
        )}
      </div>
    </>
  );
}
