import { expect, test } from "vitest";
import { readExplainSearch } from "../../src/explain/search";
import { verdictInWords } from "../../src/explain/Verdict";

test.each([
  [
    "Ada may write file/a.md in acme.",
    { user: "Ada", action: "write", resource: "file/a.md", project: "acme" },
    true,
  ],
  ["Ada may not administer the project acme.", { user: "Ada", action: "admin", project: "acme" }, false],
  ["Ada may not read system/users.", { user: "Ada", action: "read", resource: "system/users" }, false],
  ["Ada may administer the server.", { user: "Ada", action: "admin" }, true],
] as const)("%s", (sentence, question, allowed) => {
  expect(verdictInWords(question, allowed)).toBe(sentence);
});

test("the question is read from the address; what is no question is left out", () => {
  expect(readExplainSearch({ user: "Ada", action: "write", resource: "file/a", other: 1 })).toEqual({
    user: "Ada",
    action: "write",
    resource: "file/a",
  });
  expect(readExplainSearch({ user: 7, action: "fly" })).toEqual({});
});
