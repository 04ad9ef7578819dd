import type { Kind, User } from "../api";

/** Somebody who has the project open. */
export interface Person extends User {
  /** The file they look at. */
  path: string | null;
  /** Whether it is you, in this or in another window. */
  isYou: boolean;
}

const KINDS: ReadonlySet<unknown> = new Set(["person", "terminal", "agent", "worker"]);

/** The `user` of an awareness state. Peers may send anything: what is not as agreed is replaced. */
export function readUser(value: unknown): User | null {
  if (value === null || typeof value !== "object") return null;
  const { id, name, hue, kind } = value as Record<string, unknown>;
  if (typeof id !== "string" || typeof name !== "string") return null;
  return { id, name: name.slice(0, 60) || "Unnamed", hue: readHue(hue), kind: readKind(kind) };
}

const readHue = (hue: unknown) =>
  typeof hue === "number" && Number.isInteger(hue) && hue >= 0 && hue < 12 ? hue : 0;

const readKind = (kind: unknown) => (KINDS.has(kind) ? (kind as Kind) : "person");

/** Who is in the project: each user once, others by name, then you. */
export function readPeople(
  states: Iterable<[number, Record<string, unknown>]>,
  own: number,
  me: User,
): Person[] {
  const people = new Map<string, Person>([[me.id, { ...me, path: null, isYou: true }]]);
  for (const [client, state] of states) {
    const user = client === own ? me : readUser(state.user);
    if (user === null) continue;
    const isYou = user.id === me.id;
    const path = typeof state.path === "string" ? state.path : (people.get(user.id)?.path ?? null);
    if (client === own || !isYou || people.get(user.id)?.path === null)
      people.set(user.id, { ...user, path, isYou });
  }
  return [...people.values()].sort(
    (a, b) => Number(a.isYou) - Number(b.isYou) || a.name.localeCompare(b.name),
  );
}

/** Where a session is. */
export interface Place {
  /** The user's id, as the server vouches for it. */
  user: string;
  path: string | null;
}

/** Where the sessions are that say so, by their ids. */
export function readPlaces(states: Iterable<[number, Record<string, unknown>]>): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  for (const [, state] of states) {
    const user = readUser(state.user);
    if (user !== null && typeof state.session === "string")
      places.set(state.session, { user: user.id, path: typeof state.path === "string" ? state.path : null });
  }
  return places;
}
