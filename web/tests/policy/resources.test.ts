import { expect, test } from "vitest";
import { inAnyProject, inProject, resourceInWords, resourceOf, targetOf } from "../../src/policy/resources";

test.each([
  ["file/src/main.py", "file", " src/main.py "],
  ["file/src/**", "file", "src/"],
  ["file/src/**", "file", "/src/"],
  ["lease/git:main", "branch", "main"],
  ["**", "all", ""],
  ["job/*", "pattern", "job/*"],
  ["", "itself", ""],
  [null, "file", ""],
  [null, "branch", "  "],
] as const)("the glob is %s", (glob, target, typed) => {
  expect(resourceOf(target, typed)).toBe(glob);
});

test.each([
  ["everything", "**"],
  ["all files", "file/**"],
  ["the folder src/api", "file/src/api/**"],
  ["the file a.md", "project/*/file/a.md"],
  ["the branch main", "lease/git:main"],
  ["the project itself", ""],
  [null, "file/*.md"],
])("is said as “%s”", (words, glob) => {
  expect(resourceInWords(glob)).toBe(words);
});

test.each(["file/a.md", "file/src/**", "**", "", "job/*", "file/*.md"])("%s is edited as it is", (glob) => {
  const { target, typed } = targetOf(glob);
  expect(resourceOf(target, typed)).toBe(glob);
});

test.each([
  ["project/*", ""],
  ["project/*/file/**", "file/**"],
  ["system/users", "system/users"],
])("a role says %s", (full, relative) => {
  expect(inAnyProject(relative)).toBe(full);
  expect(inProject(full)).toBe(relative);
});
