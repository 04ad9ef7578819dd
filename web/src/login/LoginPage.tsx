import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useCallback, useEffect, useState } from "react";
import { Button } from "react-aria-components";
import * as api from "../api";
import { queryClient } from "../app/query";
import { useTitle } from "../app/useTitle";
import { Field } from "../ui/Field";
import { Wordmark } from "../ui/Wordmark";

/** The token in the fragment of a login link; the fragment is removed so that it stays in no history. */
export function takeTokenFromFragment(): string | null {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token !== null) history.replaceState(history.state, "", location.pathname + location.search);
  return token;
}

export function LoginPage() {
  const { next } = useSearch({ from: "/login" });
  const navigate = useNavigate();
  const [token, setToken] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  useTitle("Sign in");

  const exchange = useCallback(
    async (secret: string) => {
      setBusy(true);
      setProblem(null);
      try {
        queryClient.clear();
        queryClient.setQueryData(["session"], await api.signIn(secret));
        await navigate({ href: next ?? "/", replace: true });
      } catch (error) {
        setProblem(loginProblem(error));
        setBusy(false);
      }
    },
    [navigate, next],
  );

  useEffect(() => {
    function follow() {
      const taken = takeTokenFromFragment();
      if (taken !== null) void exchange(taken);
    }
    follow();
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, [exchange]);

  function submit(event: FormEvent) {
    event.preventDefault();
    if (token.trim() === "") setProblem("Paste a token first.");
    else void exchange(token.trim());
  }

  return (
    <main className="login">
      <Wordmark />
      <h1>Sign in</h1>
      <p className="mute">
        Open the login link that the server printed, or paste a token made with{" "}
        <code>atrium token create</code>.
      </p>
      <form onSubmit={submit}>
        <Field label="Token" type="password" value={token} onChange={setToken} problem={problem} autoFocus />
        <Button type="submit" className="button primary wide" isPending={busy}>
          {busy ? "Signing in…" : "Sign in"}
        </Button>
      </form>
    </main>
  );
}

function loginProblem(error: unknown): string {
  if (error instanceof api.ApiError && error.status === 401)
    return "This token is wrong, was used already, or has expired. Ask for a new one.";
  return error instanceof Error ? error.message : String(error);
}
