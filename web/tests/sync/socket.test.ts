import { expect, test } from "vitest";
import { backoff } from "../../src/sync/socket";

test("attempts come ever later, at most 15 s apart, and never all at the same moment", () => {
  expect([0, 1, 2, 3].map((attempt) => backoff(attempt, 1))).toEqual([1000, 2000, 4000, 8000]);
  expect(backoff(20, 1)).toBe(15_000);
  expect(backoff(2, 0)).toBe(2000);
});
