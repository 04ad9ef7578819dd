import type { SocketState } from "./socket";

/** All that the connection sentence depends on. Times are milliseconds of `Date.now()`. */
export interface Facts {
  phase: SocketState["phase"];
  retryAt: number | null;
  /** What the browser says about its network. */
  online: boolean;
  /** The socket was open at least once. */
  opened: boolean;
  /** Local edits, of all documents, that the server has not acknowledged, and since when. */
  unsent: number;
  since: number | null;
  /** At least one edit was acknowledged. */
  saved: boolean;
  refused: boolean;
  readOnly: string | null;
}

export interface Status {
  tone: "ok" | "busy" | "warn" | "bad";
  sentence: string;
  /** Seconds until the next attempt, said behind the sentence. */
  countdown: number | null;
  action: "retry" | "sign-in" | null;
  /** Unsent edits worth a word of their own. */
  unsent: number;
  /** Unsent for longer than a healthy connection takes. */
  late: boolean;
  /** Unsent for so long that a copy should be offered. */
  overdue: boolean;
}

/** Edits acknowledged faster than this are not worth a flicker of words. */
const NOTICEABLE_MS = 300;
const LATE_MS = 5000;
const OVERDUE_MS = 30_000;

/** The one sentence that says whether the user's work is safe. */
export function describe(facts: Facts, now: number): Status {
  const age = facts.since === null ? 0 : now - facts.since;
  const unsent = age >= NOTICEABLE_MS ? facts.unsent : 0;
  const countdown =
    facts.phase === "waiting" && facts.online ? secondsUntil(facts.retryAt ?? now, now) : null;
  return { ...speak(facts, unsent, age), countdown, unsent, late: age > LATE_MS, overdue: age > OVERDUE_MS };
}

function speak(facts: Facts, unsent: number, age: number): Pick<Status, "tone" | "sentence" | "action"> {
  if (facts.phase === "signed-out") return { tone: "bad", sentence: "Session expired", action: "sign-in" };
  if (facts.phase !== "open" && !facts.online)
    return { tone: "warn", sentence: "Offline: edits are kept on this device", action: null };
  if (facts.phase === "waiting") return { tone: "warn", sentence: "Reconnecting", action: "retry" };
  if (facts.phase === "connecting")
    return facts.opened
      ? { tone: "warn", sentence: "Reconnecting…", action: null }
      : { tone: "busy", sentence: "Connecting…", action: null };
  if (facts.refused) return { tone: "bad", sentence: "Not saved: the server refused a change", action: null };
  if (facts.readOnly !== null) return { tone: "ok", sentence: `Read-only: ${facts.readOnly}`, action: null };
  if (unsent > 0) return { tone: age > LATE_MS ? "warn" : "busy", sentence: saving(unsent), action: null };
  return { tone: "ok", sentence: facts.saved ? "All changes saved" : "Connected", action: null };
}

const saving = (count: number) => `Saving ${count} ${count === 1 ? "change" : "changes"}…`;

const secondsUntil = (moment: number, now: number) => Math.max(1, Math.ceil((moment - now) / 1000));
