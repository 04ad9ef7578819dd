import { expect, test } from "vitest";
import type { LeaseList } from "../../src/api/leases";
import { newsOf } from "../../src/notifications/news";
import { Notifications } from "../../src/notifications/notifications";
import type { ConflictEvent, LockMessage } from "../../src/sync/controlMessages";

const lock = (type: LockMessage["type"], session: string, more: Partial<LockMessage> = {}): LockMessage => ({
  type,
  session_id: session,
  user_name: session,
  lock_type: "git",
  resource_id: "main",
  ...more,
});

const MINE = {
  items: [{ lock_type: "git", resource_id: "main", session_id: "me", state: "held" }],
  waiting: [],
} as unknown as LeaseList;
const NOBODYS = { items: [], waiting: [] };

const textOf = (message: Parameters<typeof newsOf>[0], leases: LeaseList = NOBODYS) =>
  newsOf(message, "me", leases)?.text ?? null;

test("what happens to one's own leases is told", () => {
  const reason = "release day";
  expect(textOf(lock("lock_stolen", "me", { reason }))).toBe(
    "An administrator took git:main away from you: release day",
  );
  expect(textOf(lock("lock_expired", "me", { reason: "ttl" }))).toBe(
    "git:main is not yours any more: its time was over.",
  );
  expect(textOf(lock("lock_refused", "me", { reason: "timeout" }))).toBe(
    "git:main did not become free in time.",
  );
});

test("what happens to those of others is not", () => {
  for (const type of ["lock_stolen", "lock_expired", "lock_acquired", "lock_released"] as const)
    expect(textOf(lock(type, "ken", { reason: "ttl" }))).toBeNull();
});

test("somebody who wants what you have is named", () => {
  expect(textOf(lock("lock_queued", "ken"), MINE)).toBe("ken waits for git:main, which you have.");
  expect(textOf(lock("lock_asked", "ken"), MINE)).toBe("ken asks you to release git:main.");
  expect(textOf(lock("lock_queued", "ken"))).toBeNull();
  expect(textOf(lock("lock_queued", "me"), MINE)).toBeNull();
});

test("a conflict is told to those in the way, not to whose request was refused", () => {
  const conflict: ConflictEvent = {
    type: "conflict_detected",
    conflict_type: "resource_lock",
    resource: "git:main",
    sessions: ["ken", "me"],
  };
  expect(textOf(conflict)).toContain("git:main");
  expect(textOf({ ...conflict, sessions: ["me", "ken"] })).toBeNull();
  expect(textOf({ ...conflict, sessions: ["ken", "zoe"] })).toBeNull();
});

test("notifications are new until they were seen; the newest is first", () => {
  const notifications = new Notifications();
  notifications.add({ text: "one", tone: "info" });
  notifications.markRead();
  notifications.add({ text: "two", tone: "bad" });
  expect(notifications.list.get().map(({ text, isRead }) => [text, isRead])).toEqual([
    ["two", false],
    ["one", true],
  ]);
});
