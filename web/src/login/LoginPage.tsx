import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { type FormEvent, useEffect, useState } from "react";
import { Button } from "react-aria-components";
import * as api from "../api";
import { useTitle } from "../app/useTitle";
import { Field } from "../ui/Field";
import { Skeleton } from "../ui/Notice";
import { Wordmark } from "../ui/Wordmark";
import { providerProblem, useSignIn } from "./useSignIn";

type SignIn = ReturnType<typeof useSignIn>;

/** The token in the fragment of a login link; the fragment is removed so that it stays in no history. */
export function takeTokenFromFragment(): string | null {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token !== null) history.replaceState(history.state, "", location.pathname + location.search);
  return token;
}

/** Where a provider's button leads: it brings the visitor back to `next`. */
export function oidcUrl(url: string, next: string | undefined): string {
  const start = new URL(url, location.origin);
  start.searchParams.set("next", next ?? "/");
  return start.href;
}

export function LoginPage() {
  const { next, problem } = useSearch({ from: "/login" });
  const signIn = useSignIn(next);
  const ways = useQuery({ queryKey: ["sign-in"], queryFn: api.getSignInWays });
  useTitle("Sign in");
  useLoginLink(signIn.signIn);
  return (
    <main className="login">
      <Wordmark />
      <h1>Sign in</h1>
      {problem !== undefined && (
        <p className="form-error" role="alert">
          {providerProblem(problem)}
        </p>
      )}
      {ways.isPending ? (
        <Skeleton rows={3} label="Loading the ways to sign in" />
      ) : (
        // Without an answer there is still the token, which needs no setting.
        <Ways
          ways={ways.data ?? { password: false, oidc: [], anonymous: false }}
          next={next}
          signIn={signIn}
        />
      )}
    </main>
  );
}

/** Follows a one-time link, now or when one is pasted into the address of this page. */
function useLoginLink(signIn: SignIn["signIn"]): void {
  useEffect(() => {
    function follow() {
      const token = takeTokenFromFragment();
      if (token !== null) void signIn({ token });
    }
    follow();
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, [signIn]);
}

interface WaysProps {
  ways: api.SignInWays;
  next: string | undefined;
  signIn: SignIn;
}

function Ways({ ways, next, signIn }: WaysProps) {
  const [byToken, setByToken] = useState(!ways.password);
  return (
    <>
      {ways.oidc.map(({ name, url }) => (
        <a key={url} className="button wide" href={oidcUrl(url, next)}>
          Continue with {name}
        </a>
      ))}
      {ways.oidc.length > 0 && <p className="or">or</p>}
      {byToken ? <TokenForm signIn={signIn} /> : <PasswordForm signIn={signIn} />}
      <div className="other-ways">
        {ways.password && (
          <Button
            className="link-button"
            onPress={() => {
              signIn.setProblem(null);
              setByToken(!byToken);
            }}
          >
            {byToken ? "Use a name and a password" : "Use a token"}
          </Button>
        )}
        {ways.anonymous && <Link to={next ?? "/"}>Go on as a guest</Link>}
      </div>
    </>
  );
}

function PasswordForm({ signIn: { signIn, setProblem, ...state } }: { signIn: SignIn }) {
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");

  function submit(event: FormEvent) {
    event.preventDefault();
    if (user.trim() === "" || password === "") setProblem("Type your name and your password.");
    else void signIn({ user: user.trim(), password });
  }

  return (
    <form onSubmit={submit}>
      <Field label="Name" autoComplete="username" value={user} onChange={setUser} autoFocus />
      <Field
        label="Password"
        type="password"
        autoComplete="current-password"
        value={password}
        onChange={setPassword}
        problem={state.problem}
      />
      <Submit {...state} />
    </form>
  );
}

function TokenForm({ signIn: { signIn, setProblem, ...state } }: { signIn: SignIn }) {
  const [token, setToken] = useState("");

  function submit(event: FormEvent) {
    event.preventDefault();
    if (token.trim() === "") setProblem("Paste a token first.");
    else void signIn({ token: token.trim() });
  }

  return (
    <form onSubmit={submit}>
      <p className="mute">
        Open the login link that the server printed, or paste a token made with{" "}
        <code>atrium token create</code>.
      </p>
      <Field
        label="Token"
        type="password"
        value={token}
        onChange={setToken}
        problem={state.problem}
        autoFocus
      />
      <Submit {...state} />
    </form>
  );
}

function Submit({ busy, wait }: Pick<SignIn, "busy" | "wait">) {
  return (
    <>
      {wait > 0 && (
        <p className="form-error" role="alert">
          Too many attempts. You can try again soon.
        </p>
      )}
      <Button type="submit" className="button primary wide" isDisabled={wait > 0}>
        {wait > 0 ? `Wait ${wait} s` : busy ? "Signing in…" : "Sign in"}
      </Button>
    </>
  );
}
