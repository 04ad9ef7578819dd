import { describe, expect, test } from "vitest";
import type { Lease, LeaseList, Resource, Waiter } from "../../src/api/leases";
import {
  fullLength,
  lookAgainMs,
  overlap,
  placeInWords,
  remaining,
  resourceTitle,
  rowsOf,
  standing,
} from "../../src/leases/leases";

const named = (name: string): Resource => {
  const colon = name.indexOf(":");
  return { lock_type: name.slice(0, colon), resource_id: name.slice(colon + 1) };
};

const lease = (name: string, session: string, more: Partial<Lease> = {}): Lease => ({
  ...named(name),
  mode: "x",
  state: "held",
  session_id: session,
  user: session,
  fence: 1,
  count: 1,
  policy: "hold",
  since: "2026-11-21T12:00:00Z",
  expires_at: "2026-11-21T12:05:00Z",
  ...more,
});

const waiter = (name: string, session: string, position = 1): Waiter => ({
  ...named(name),
  mode: "x",
  session_id: session,
  user: session,
  position,
  since: "2026-11-21T12:00:00Z",
  until: "2026-11-21T12:10:00Z",
});

test.each([
  ["file:src/a.py", "file:src", true],
  ["file:src/a.py", "file:src/a", false],
  ["file:src", "file:/", true],
  ["git:main", "git:main", true],
  ["git:main", "git:feature/main", false],
  ["git:web:main", "git:web:", true],
  ["git:web:main", "git:main", false],
  ["git:main", "project:*", true],
  ["database:orders", "exclusive:*", true],
  ["database:orders", "file:orders", false],
])("%s and %s are in each other's way: %j", (one, other, answer) => {
  expect(overlap(named(one), named(other))).toBe(answer);
  expect(overlap(named(other), named(one))).toBe(answer);
});

test.each([
  ["git:main", "git:main"],
  ["file:src/a.py", "src/a.py"],
  ["file:/", "all files"],
  ["project:*", "The whole project"],
])("%s is called %s", (name, title) => {
  expect(resourceTitle(named(name))).toBe(title);
});

describe("how things stand", () => {
  const stand = (name: string, list: Partial<LeaseList>) =>
    standing(named(name), { items: [], waiting: [], ...list }, "me").state;

  test("free, when nobody has anything in the way", () => {
    expect(stand("git:main", { items: [lease("git:other", "ken"), lease("project:*", "me")] })).toBe("free");
  });

  test("yours, offered to you, or somebody else's", () => {
    expect(stand("git:main", { items: [lease("git:main", "me")] })).toBe("yours");
    expect(stand("git:main", { items: [lease("git:main", "me", { state: "offered" })] })).toBe("offered");
    expect(stand("git:main", { items: [lease("git:main", "ken")] })).toBe("held");
    expect(stand("git:main", { items: [lease("project:*", "ken")] })).toBe("held");
  });

  test("waited for, also while somebody has it", () => {
    expect(
      stand("git:main", { items: [lease("git:main", "ken")], waiting: [waiter("git:main", "me")] }),
    ).toBe("waiting");
  });

  test("closed for a moment after a holder that failed, whoever that was", () => {
    const delay = lease("git:main", "me", { state: "delay" });
    expect(stand("git:main", { items: [delay] })).toBe("delay");
    expect(stand("git:main", { items: [delay, lease("git:main", "ken")] })).toBe("held");
  });
});

test("the queue stands at the first of those who share, and what is waited for behind others has a row", () => {
  const rows = rowsOf({
    items: [lease("file:a", "ken", { mode: "s" }), lease("file:a", "zoe", { mode: "s" })],
    waiting: [waiter("file:a", "me"), waiter("file:/", "max")],
  });
  expect(rows.map(({ resource, lease, queue }) => [resource.resource_id, lease?.user, queue.length])).toEqual(
    [
      ["a", "ken", 1],
      ["a", "zoe", 0],
      ["/", undefined, 1],
    ],
  );
});

test.each([
  [-5, "0:00"],
  [42, "0:42"],
  [102, "1:42"],
  [300, "5:00"],
  [301, "6 min"],
  [3660, "1 h 1 min"],
])("%i s are %s", (seconds, words) => {
  expect(remaining(seconds * 1000, 0)).toBe(words);
});

test("a bar is full at a usual length, and does not shrink while it runs", () => {
  expect(fullLength(287, undefined)).toBe(300);
  expect(fullLength(302, undefined)).toBe(300);
  expect(fullLength(20, 300)).toBe(300);
  expect(fullLength(600, 300)).toBe(600);
  expect(fullLength(9000, undefined)).toBe(9000);
});

test("the list is asked for again while it may change without a word", () => {
  const list = { items: [lease("git:main", "me")], waiting: [] };
  const end = Date.parse("2026-11-21T12:05:00Z");
  expect(lookAgainMs({ items: [], waiting: [] }, end)).toBe(false);
  expect(lookAgainMs(undefined, end)).toBe(false);
  expect(lookAgainMs(null, end)).toBe(15_000);
  expect(lookAgainMs(list, end - 60_000)).toBe(15_000);
  expect(lookAgainMs(list, end - 3000)).toBe(3000);
  expect(lookAgainMs(list, end + 3000)).toBe(1000);
});

test.each([
  [1, "next in the queue"],
  [2, "2nd in the queue"],
  [3, "3rd in the queue"],
  [11, "11th in the queue"],
])("place %i is %s", (position, words) => {
  expect(placeInWords(position)).toBe(words);
});
