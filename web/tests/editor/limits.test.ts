import { expect, test } from "vitest";
import { capabilities } from "../../src/editor/limits";

test("an ordinary text has a language and can be edited", () => {
  expect(capabilities("a\nb")).toEqual({ language: true, readOnly: null });
});

test("above 2 million characters there is no language", () => {
  expect(capabilities("line\n".repeat(400_001))).toEqual({ language: false, readOnly: null });
});

test("above 10 million characters it can only be read", () => {
  expect(capabilities("line\n".repeat(2_000_001)).readOnly).toMatch(/10 million/);
});

test("with a line above 500,000 characters it can only be read, wherever the line is", () => {
  expect(capabilities(`a\n${"x".repeat(500_001)}`).readOnly).toMatch(/500,000/);
  expect(capabilities(`${"x".repeat(500_000)}\n${"x".repeat(500_000)}`).readOnly).toBeNull();
});
