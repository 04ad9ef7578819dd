import { expect, test } from "vitest";
import { exportActsUrl } from "../../src/api/audit";
import { toFilter } from "../../src/audit/FilterBar";

const EMPTY = { q: "", actor: "", action: "", outcome: "", project: "", since: "", until: "" } as const;

test("what is empty is not asked for", () => {
  expect(toFilter({ ...EMPTY, q: "  " })).toEqual({});
  expect(toFilter({ ...EMPTY, actor: " ada ", outcome: "denied" })).toEqual({
    actor: "ada",
    outcome: "denied",
  });
});

test("moments are sent in UTC", () => {
  const { since } = toFilter({ ...EMPTY, since: "2026-08-12T14:00" });
  expect(since).toBe(new Date("2026-08-12T14:00").toISOString());
});

test("an export has the same filter as the list", () => {
  expect(exportActsUrl("acme", { actor: "ada" }, "csv")).toBe(
    "/api/v1/projects/acme/audit:export?format=csv&actor=ada",
  );
  expect(exportActsUrl(null, {}, "json")).toBe("/api/v1/audit:export?format=json");
});
