import { fromLocalInput, localInput, showLength } from "./time";

/** How long something holds, as it is asked for: without an end, some seconds from now, or until a moment. */
export interface Lasting {
  choice: "" | "at" | `${number}`;
  /** What the input for the moment holds; counts for `at` only. */
  at: string;
}

export const NO_END: Lasting = { choice: "", at: "" };

const LENGTHS_S = [3600, 8 * 3600, 24 * 3600, 7 * 24 * 3600, 30 * 24 * 3600];

/** Lengths to choose from. */
export const LENGTHS = LENGTHS_S.map((seconds): [`${number}`, string] => [`${seconds}`, showLength(seconds)]);

/** What to show for something that holds until `until`. */
export const lastingUntil = (until: string | null): Lasting =>
  until === null ? NO_END : { choice: "at", at: localInput(until) };

/** The moment of the end; null = none. */
export function endOf({ choice, at }: Lasting, now: number): string | null {
  if (choice === "") return null;
  if (choice === "at") return fromLocalInput(at);
  return new Date(now + Number(choice) * 1000).toISOString();
}

/** A moment was asked for but is not there yet. */
export const isUnfinished = ({ choice, at }: Lasting) => choice === "at" && fromLocalInput(at) === null;
