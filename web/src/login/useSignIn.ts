import { useNavigate } from "@tanstack/react-router";
import { useCallback, useEffect, useRef, useState } from "react";
import * as api from "../api";
import { queryClient } from "../app/query";

const TOO_MANY = 429;
const DEFAULT_WAIT_S = 30;

type Proof = Parameters<typeof api.signIn>[0];

/** Signing in: what went wrong the last time, and for how many seconds the server takes no further attempt. */
export function useSignIn(next: string | undefined) {
  const navigate = useNavigate();
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const pending = useRef(false);
  const [wait, setWait] = useCountdown();

  const signIn = useCallback(
    async (proof: Proof) => {
      if (pending.current) return;
      pending.current = true;
      setBusy(true);
      setProblem(null);
      try {
        const session = await api.signIn(proof);
        queryClient.clear();
        queryClient.setQueryData(["session"], session);
        await navigate({ href: next ?? "/", replace: true });
      } catch (error) {
        if (error instanceof api.ApiError && error.status === TOO_MANY)
          setWait(error.retryAfter ?? DEFAULT_WAIT_S);
        else setProblem(signInProblem(error, "token" in proof));
        setBusy(false);
      } finally {
        pending.current = false;
      }
    },
    [navigate, next, setWait],
  );
  return { signIn, busy, problem, setProblem, wait };
}

/** What to tell somebody who could not sign in; never which of name and password was wrong. */
export function signInProblem(error: unknown, isToken: boolean): string {
  if (error instanceof api.ApiError && error.status === 401)
    return isToken
      ? "This token is wrong, was used already, or has expired. Ask for a new one."
      : "The name or the password is wrong.";
  return error instanceof Error ? error.message : String(error);
}

const PROVIDER_PROBLEMS: Record<string, string> = {
  "oidc.unknown_user":
    "Nobody here belongs to your account at the provider. Ask an administrator for an invitation.",
  "oidc.unavailable": "The provider does not answer. Try again later.",
  "oidc.linked": "Your account at the provider belongs to somebody else here already.",
  "sign_in.too_old": "Sign in again, then link your account once more.",
};

/** What to tell somebody whom the server sent back from an identity provider, by the problem's code. */
export const providerProblem = (code: string) =>
  PROVIDER_PROBLEMS[code] ?? "Signing in with the provider did not come to its end. Start it again.";

/** Seconds that count down to 0. */
function useCountdown() {
  const [seconds, setSeconds] = useState(0);
  const running = seconds > 0;
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => setSeconds((left) => Math.max(0, left - 1)), 1000);
    return () => clearInterval(timer);
  }, [running]);
  return [seconds, setSeconds] as const;
}
