import { expect, test } from "vitest";
import { endOf, isUnfinished, LENGTHS, lastingUntil, NO_END } from "../../src/app/lasting";

const NOW = Date.parse("2026-08-12T12:00:00Z");

test("without an end there is no moment", () => {
  expect(endOf(NO_END, NOW)).toBeNull();
});

test("a length counts from now", () => {
  expect(endOf({ choice: "3600", at: "" }, NOW)).toBe("2026-08-12T13:00:00.000Z");
});

test("a moment that holds already is shown and given back", () => {
  const until = "2026-09-01T08:00:00.000Z";
  expect(endOf(lastingUntil(until), NOW)).toBe(until);
});

test("only a chosen moment can be unfinished", () => {
  expect(isUnfinished({ choice: "at", at: "" })).toBe(true);
  expect(isUnfinished({ choice: "3600", at: "" })).toBe(false);
});

test("the lengths to choose from are said in words", () => {
  expect(LENGTHS.map(([, words]) => words)).toEqual(["1 hour", "8 hours", "1 day", "7 days", "30 days"]);
});
