import { describe, expect, test } from "vitest";
import type { User } from "../../src/api";
import { readPeople, readUser } from "../../src/sync/presence";

const ME: User = { id: "user:me", name: "Me", hue: 1, kind: "person" };
const KEN: User = { id: "user:ken", name: "Ken", hue: 3, kind: "agent" };

describe("the user of an awareness state", () => {
  test("is taken as it is when it keeps to the agreement", () => {
    expect(readUser(KEN)).toEqual(KEN);
  });

  test.each([null, 5, "Ken", [], {}, { id: 1, name: "x" }])("%j is nobody", (value) => {
    expect(readUser(value)).toBeNull();
  });

  test.each([12, -1, 1.5, "3", null, "red;position:fixed"])("the hue %j is not used", (hue) => {
    expect(readUser({ ...KEN, hue })?.hue).toBe(0);
  });

  test("an unknown kind is a person, and a long name is cut", () => {
    expect(readUser({ ...KEN, kind: "<b>", name: "x".repeat(999) })).toMatchObject({
      kind: "person",
      name: "x".repeat(60),
    });
  });
});

describe("the people of a project", () => {
  test("are listed once each, others by name, then you", () => {
    const states: [number, Record<string, unknown>][] = [
      [1, { user: ME, path: "a.md" }],
      [2, { user: { ...KEN, name: "Zoe", id: "user:zoe" } }],
      [3, { user: KEN, path: "b.md" }],
      [4, { user: KEN }],
    ];
    expect(readPeople(states, 1, ME).map(({ name, path, isYou }) => [name, path, isYou])).toEqual([
      ["Ken", "b.md", false],
      ["Zoe", null, false],
      ["Me", "a.md", true],
    ]);
  });

  test("another window of yours is you", () => {
    const people = readPeople([[9, { user: ME, path: "b.md" }]], 1, ME);
    expect(people).toEqual([{ ...ME, path: "b.md", isYou: true }]);
  });

  test("a path that is no text is no path", () => {
    expect(readPeople([[2, { user: KEN, path: { evil: 1 } }]], 1, ME)[0]?.path).toBeNull();
  });
});
