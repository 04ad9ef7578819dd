import { expect, test } from "vitest";
import { fromLocalInput, localInput, showDistance, showLength } from "../../src/app/time";

const NOW = Date.parse("2026-08-12T12:00:00Z");
const distance = (iso: string) => showDistance(iso, NOW);

test.each([
  ["just now", "2026-08-12T11:59:30Z"],
  ["in less than a minute", "2026-08-12T12:00:30Z"],
  ["5 minutes ago", "2026-08-12T11:54:10Z"],
  ["in 3 hours", "2026-08-12T15:30:00Z"],
  ["yesterday", "2026-08-11T11:00:00Z"],
  ["in 6 days", "2026-08-19T11:00:00Z"],
])("a near moment is said by its distance: %s", (words, iso) => {
  expect(distance(iso)).toBe(words);
});

test("a far moment is said by its day", () => {
  expect(distance("2025-01-31T12:00:00Z")).toContain("2025");
});

test("a length is said in its largest whole unit", () => {
  expect(showLength(30 * 60)).toBe("30 minutes");
  expect(showLength(8 * 3600)).toBe("8 hours");
  expect(showLength(7 * 24 * 3600)).toBe("7 days");
});

test("what an input for a moment shows is read back as the same moment", () => {
  const moment = "2026-08-12T12:34:00.000Z";
  expect(fromLocalInput(localInput(moment))).toBe(moment);
});

test("an empty input has no moment", () => {
  expect(fromLocalInput("")).toBeNull();
});
