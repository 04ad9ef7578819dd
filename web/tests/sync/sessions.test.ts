import { expect, test } from "vitest";
import type { ProjectSession, User } from "../../src/api";
import type { SessionEvent } from "../../src/sync/controlMessages";
import type { Person } from "../../src/sync/presence";
import { applyEvent, faces, fromListed, type LiveSession, whoIsHere } from "../../src/sync/sessions";

const ADA: User = { id: "user:ada", name: "ada", hue: 1, kind: "person" };
const KEN: User = { id: "user:ken", name: "ken", hue: 2, kind: "terminal" };

const session = (id: string, user: User, more: Partial<LiveSession> = {}): LiveSession => ({
  id,
  user,
  name: "",
  role: "secondary",
  isAway: false,
  until: null,
  ...more,
});

const event = (type: SessionEvent["type"], more: Partial<SessionEvent> = {}): SessionEvent => ({
  type,
  session_id: "k",
  user: KEN,
  kind: "terminal",
  name: "push",
  role: "secondary",
  state: "active",
  since: "2026-11-21T12:00:00Z",
  ...more,
});

test("a session that is not heard of, or paused, is away", () => {
  const { kind, ...user } = KEN;
  const listed: ProjectSession = {
    id: "k",
    user,
    kind,
    name: "push",
    role: "primary",
    state: "active",
    liveness: "active",
    since: "2026-11-21T12:00:00Z",
  };
  expect(fromListed(listed)).toEqual(session("k", KEN, { name: "push", role: "primary" }));
  expect(fromListed({ ...listed, liveness: "disconnected" }).isAway).toBe(true);
  expect(fromListed({ ...listed, state: "paused" }).isAway).toBe(true);
});

test("sessions come, go away for a while, come back and end", () => {
  const until = "2026-11-21T12:02:00Z";
  let sessions = applyEvent([session("a", ADA)], event("session_connected"));
  expect(sessions.map(({ id }) => id)).toEqual(["a", "k"]);
  sessions = applyEvent(sessions, event("session_disconnected", { state: "disconnected", until }));
  sessions = applyEvent(sessions, event("session_role_changed", { state: "disconnected", role: "primary" }));
  expect(sessions[1]).toMatchObject({ isAway: true, until, role: "primary" });
  sessions = applyEvent(sessions, event("session_connected"));
  expect(sessions[1]).toMatchObject({ isAway: false, until: null });
  expect(applyEvent(sessions, event("session_ended"))).toEqual([session("a", ADA)]);
});

const person = (user: User, path: string | null): Person => ({ ...user, path, isYou: user === ADA });

test("this tab comes first, then the others by name, then who is away", () => {
  const zoe = { ...ADA, id: "user:zoe", name: "zoe" };
  const sessions = [
    session("z", zoe),
    session("k", KEN, { isAway: true }),
    session("a1", ADA),
    session("a2", ADA),
  ];
  const present = whoIsHere(sessions, [person(ADA, "a.md")], new Map(), "a2", ADA);
  expect(present.map(({ key }) => key)).toEqual(["a2", "a1", "z", "k"]);
  expect(present.filter(({ isYou }) => isYou).map(({ key }) => key)).toEqual(["a2", "a1"]);
});

test("a place counts only for the session of the user who says so", () => {
  const places = new Map([
    ["k", { user: KEN.id, path: "a.md" }],
    ["a", { user: KEN.id, path: "b.md" }],
  ]);
  const present = whoIsHere([session("k", KEN), session("a", ADA)], [], places, "a", ADA);
  expect(present.map(({ key, path }) => [key, path])).toEqual([
    ["a", null],
    ["k", "a.md"],
  ]);
});

test("a client that only edits is here, too", () => {
  const present = whoIsHere(
    [session("a", ADA)],
    [person(ADA, null), person(KEN, "a.md")],
    new Map(),
    "a",
    ADA,
  );
  expect(present.map(({ user, role, path }) => [user.name, role, path])).toEqual([
    ["ada", "secondary", null],
    ["ken", null, "a.md"],
  ]);
});

test("there is one face for each of the others, and for your own terminals", () => {
  const terminal = { ...ADA, kind: "terminal" as const };
  const sessions = [
    session("a", ADA),
    session("t", terminal),
    session("k1", KEN),
    session("k2", KEN),
    session("k3", { ...KEN, id: "user:max" }, { isAway: true }),
  ];
  const present = whoIsHere(sessions, [], new Map(), "a", ADA);
  expect(faces(present).map(({ user }) => [user.name, user.kind])).toEqual([
    ["ada", "terminal"],
    ["ken", "terminal"],
  ]);
});
