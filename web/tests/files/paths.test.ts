import { describe, expect, test } from "vitest";
import * as paths from "../../src/files/paths";

test("a path is taken apart and put together again", () => {
  expect([paths.baseName("a/b/c.md"), paths.parentOf("a/b/c.md")]).toEqual(["c.md", "a/b"]);
  expect([paths.baseName("c.md"), paths.parentOf("c.md")]).toEqual(["c.md", ""]);
  expect([paths.join("a/b", "c"), paths.join("", "c")]).toEqual(["a/b/c", "c"]);
});

test.each([
  ["a/b.TAR.GZ", "gz"],
  [".gitignore", ""],
  ["Makefile", ""],
  ["a.b/c", ""],
])("the extension of %s is “%s”", (path, expected) => {
  expect(paths.extension(path)).toBe(expected);
});

test("a folder holds what begins with its name and a slash, no namesake", () => {
  expect(paths.isInside("src/a", "src")).toBe(true);
  expect(paths.isInside("src2/a", "src")).toBe(false);
  expect(paths.isInside("a", "")).toBe(true);
});

test("what a URL may not hold is encoded, slashes stay", () => {
  expect(paths.encodePath("a b/100%/ö#?.md")).toBe("a%20b/100%25/%C3%B6%23%3F.md");
});

describe("a path the server would refuse", () => {
  test.each([
    "",
    " ",
    "/a",
    "a/",
    "a//b",
    "./a",
    "a/../b",
    "..",
    "a\\b",
    "a\u0000b",
    "a\nb",
    " a",
    "x".repeat(451),
  ])("%j is refused with a reason", (path) => {
    expect(paths.pathProblem(path)).toMatch(/\.$/);
  });

  test.each(["a", "a b.md", "…/ö.txt", "a/.b/..c"])("%j is not", (path) => {
    expect(paths.pathProblem(path)).toBeNull();
  });
});

describe("a relative path", () => {
  test.each([
    ["docs", "a.md", "docs/a.md"],
    ["docs", "./img/a.png", "docs/img/a.png"],
    ["docs/x", "../../a", "a"],
    ["docs", "/a", "a"],
    ["docs", "../../a", null],
    ["", "..", null],
    ["", "", null],
  ])("from %s, %s is %s", (folder, relative, expected) => {
    expect(paths.resolve(folder, relative)).toBe(expected);
  });
});
