import type { ProjectSession, SessionRole, User } from "../api";
import type { SessionEvent } from "./controlMessages";
import type { Person, Place } from "./presence";

/** A session in the project, as it is now. */
export interface LiveSession {
  id: string;
  user: User;
  /** What its client calls itself. */
  name: string;
  role: SessionRole;
  isAway: boolean;
  /** Until when it may come back, if it is away and that is known. */
  until: string | null;
}

const HERE: ReadonlySet<string> = new Set(["active", "connecting"]);

export function fromListed({ id, user, kind, name, role, state, liveness }: ProjectSession): LiveSession {
  const isAway = state === "paused" || !HERE.has(liveness);
  return { id, user: { ...user, kind }, name, role, isAway, until: null };
}

function fromEvent({ session_id, user, kind, name, role, state, until }: SessionEvent): LiveSession {
  const isAway = !HERE.has(state);
  return { id: session_id, user: { ...user, kind }, name, role, isAway, until: (isAway && until) || null };
}

/** The sessions after something happened to one of them. */
export function applyEvent(sessions: readonly LiveSession[], event: SessionEvent): readonly LiveSession[] {
  if (event.type === "session_ended") return sessions.filter(({ id }) => id !== event.session_id);
  const changed = fromEvent(event);
  const before = sessions.find(({ id }) => id === changed.id);
  if (before === undefined) return [...sessions, changed];
  const until = changed.isAway ? (changed.until ?? before.until) : null;
  return sessions.map((session) => (session === before ? { ...changed, until } : session));
}

/** Somebody who is in the project: a session, or a client that only edits and so has none. */
export interface Present {
  key: string;
  user: User;
  name: string;
  role: SessionRole | null;
  isAway: boolean;
  until: string | null;
  /** The file they look at. */
  path: string | null;
  /** Whether it is your own, in this or in another window. */
  isYou: boolean;
  isThisTab: boolean;
}

/** Everybody who is here: this tab, the others by name, then those who are away. */
export function whoIsHere(
  sessions: readonly LiveSession[],
  people: readonly Person[],
  places: ReadonlyMap<string, Place>,
  ownSession: string | null,
  me: User,
): Present[] {
  const present: Present[] = sessions.map((session) => {
    const place = places.get(session.id);
    return {
      key: session.id,
      user: session.user,
      name: session.name,
      role: session.role,
      isAway: session.isAway,
      until: session.until,
      path: place?.user === session.user.id && !session.isAway ? place.path : null,
      isYou: session.user.id === me.id,
      isThisTab: session.id === ownSession,
    };
  });
  // Somebody whose session is away may still edit: that is not somebody else.
  const known = new Set(
    sessions.flatMap(({ id, isAway, user }) => (isAway && !places.has(id) ? [] : [user.id])),
  );
  for (const { path, isYou, ...user } of people)
    if (!known.has(user.id)) present.push({ ...ALONE, key: user.id, user, path, isYou, isThisTab: isYou });
  return present.sort(
    (a, b) =>
      Number(b.isThisTab) - Number(a.isThisTab) ||
      Number(a.isAway) - Number(b.isAway) ||
      a.user.name.localeCompare(b.user.name) ||
      a.key.localeCompare(b.key),
  );
}

const ALONE = { name: "", role: null, isAway: false, until: null };

/** One entry for each of the others who are here, however many windows they have. */
export function faces(present: readonly Present[]): Present[] {
  const found = new Map<string, Present>();
  for (const one of present) {
    const key = `${one.user.id} ${one.user.kind}`;
    const isOther = !one.isYou || one.user.kind !== "person";
    if (isOther && !one.isAway && found.get(key)?.path == null) found.set(key, one);
  }
  return [...found.values()];
}
