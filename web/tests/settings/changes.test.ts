import { expect, test } from "vitest";
import { stateInWords } from "../../src/settings/changes";

test("no access is said as nothing", () => {
  expect(stateInWords(null)).toBe("nothing");
});

test("a role is said by its name, with its end", () => {
  expect(stateInWords({ role: "editor", until: null })).toBe("Editor");
  expect(stateInWords({ role: "editor", until: "2026-08-12T12:00:00Z" })).toMatch(/^Editor, until .*2026/);
});

test("a grant is said by what it allows or denies", () => {
  const state = stateInWords({
    effect: "allow",
    actions: ["read", "write"],
    resource: "file/src/**",
    until: null,
  });
  expect(state).toBe("allow read and write file/src/**");
});
