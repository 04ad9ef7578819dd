import { describe, expect, test } from "vitest";
import type { Entry } from "../../src/files/tree";
import { neighbour, updateTabs } from "../../src/project/tabs";

const entry = (id: string, path: string): Entry => ({
  id,
  path,
  kind: "text",
  eol: "lf",
  size: null,
  blob: null,
});
const entries = (...all: Entry[]) => new Map(all.map((each) => [each.id, each]));
const TABS = [
  { id: "1", path: "a" },
  { id: "2", path: "b" },
];

describe("tabs", () => {
  test("stay the same object when nothing changes", () => {
    const viewed = entry("1", "a");
    expect(updateTabs(TABS, entries(viewed, entry("2", "b")), viewed)).toBe(TABS);
  });

  test("gain the file that comes into view at the end", () => {
    const viewed = entry("3", "c");
    expect(updateTabs(TABS, entries(viewed), viewed).map(({ path }) => path)).toEqual(["a", "b", "c"]);
  });

  test("follow a file that was moved, and keep the last path of one that was deleted", () => {
    expect(updateTabs(TABS, entries(entry("1", "x/a")), null).map(({ path }) => path)).toEqual(["x/a", "b"]);
  });

  test("closing goes to the right neighbour, else to the left, else nowhere", () => {
    expect(neighbour(TABS, "1")?.id).toBe("2");
    expect(neighbour(TABS, "2")?.id).toBe("1");
    expect(neighbour([{ id: "1", path: "a" }], "1")).toBeNull();
  });
});
