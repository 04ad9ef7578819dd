/** The conditions that the server knows: a kind, and what it is about after a colon. */
export type ConditionKind = "owner" | "time" | "ip" | "session" | "fresh";

export const CONDITION_KINDS: readonly (readonly [ConditionKind, string])[] = [
  ["time", "At these times"],
  ["ip", "From these networks"],
  ["session", "Signed in like this"],
  ["fresh", "Signed in not longer ago than"],
  ["owner", "The resource is their own"],
];

export const CONDITION_HINTS: Record<ConditionKind, string> = {
  time: "08:00-18:00, or mon-fri 22:00-06:00 Europe/Berlin",
  ip: "192.0.2.0/24,2001:db8::/32",
  session: "web, key or agent; several with commas",
  fresh: "15m, 8h or 1d",
  owner: "",
};

const STARTS: Record<ConditionKind, string> = {
  time: "08:00-18:00",
  ip: "",
  session: "web",
  fresh: "15m",
  owner: "",
};

const isKind = (kind: string): kind is ConditionKind => kind in STARTS;

/** A new condition of a kind, with what is most often meant. */
export const newCondition = (kind: ConditionKind) => join(kind, STARTS[kind]);

export const join = (kind: ConditionKind, value: string) => (kind === "owner" ? kind : `${kind}:${value}`);

/** The two parts of a condition. */
export function split(condition: string): { kind: ConditionKind; value: string } {
  const [kind = "", ...rest] = condition.split(":");
  return { kind: isKind(kind) ? kind : "time", value: rest.join(":") };
}

export const isFinished = (condition: string) =>
  condition === "owner" || split(condition).value.trim() !== "";

/** A condition as it is said after "if": "it is mon-fri 08:00-18:00". */
export function conditionInWords(condition: string): string {
  const { kind, value } = split(condition);
  const words: Record<ConditionKind, string> = {
    owner: "it is their own",
    time: `it is ${value}`,
    ip: `from ${value}`,
    session: `signed in by ${value}`,
    fresh: `signed in at most ${value} ago`,
  };
  return words[kind];
}
