import { expect, describe as suite, test } from "vitest";
import { describe, type Facts } from "../../src/sync/status";

const NOW = 1_000_000;
const SAFE: Facts = {
  phase: "open",
  retryAt: null,
  online: true,
  opened: true,
  unsent: 0,
  since: null,
  saved: false,
  refused: false,
  readOnly: null,
};

const sentence = (facts: Partial<Facts>) => describe({ ...SAFE, ...facts }, NOW).sentence;

suite("the connection sentence", () => {
  test.each<[string, Partial<Facts>]>([
    ["Connected", {}],
    ["All changes saved", { saved: true }],
    ["Saving 1 change…", { unsent: 1, since: NOW - 1000 }],
    ["Saving 12 changes…", { unsent: 12, since: NOW - 1000, saved: true }],
    ["Connecting…", { phase: "connecting", opened: false }],
    ["Reconnecting…", { phase: "connecting" }],
    ["Reconnecting", { phase: "waiting", retryAt: NOW + 3200 }],
    ["Offline: edits are kept on this device", { phase: "waiting", retryAt: NOW + 3200, online: false }],
    ["Read-only: you are a viewer of this project", { readOnly: "you are a viewer of this project" }],
    ["Not saved: the server refused a change", { refused: true, unsent: 1, since: NOW - 9000 }],
    ["Session expired", { phase: "signed-out", unsent: 3, since: NOW - 9000 }],
  ])("says “%s”", (expected, facts) => {
    expect(sentence(facts)).toBe(expected);
  });

  test("an open socket is believed even when the browser thinks it is offline", () => {
    expect(sentence({ online: false, saved: true })).toBe("All changes saved");
  });

  test("counts down to the next attempt, never below 1 s", () => {
    const countdown = (facts: Partial<Facts>) => describe({ ...SAFE, ...facts }, NOW).countdown;
    expect(countdown({ phase: "waiting", retryAt: NOW + 3200 })).toBe(4);
    expect(countdown({ phase: "waiting", retryAt: NOW - 50 })).toBe(1);
    expect(countdown({ phase: "connecting" })).toBeNull();
  });

  test("offers what helps: a try now, or a sign-in", () => {
    expect(describe({ ...SAFE, phase: "waiting", retryAt: NOW }, NOW).action).toBe("retry");
    expect(describe({ ...SAFE, phase: "signed-out" }, NOW).action).toBe("sign-in");
    expect(describe(SAFE, NOW).action).toBeNull();
  });
});

suite("unsent edits", () => {
  const after = (ms: number, facts: Partial<Facts> = {}) =>
    describe({ ...SAFE, unsent: 2, since: NOW - ms, ...facts }, NOW);

  test("are not worth a flicker when they are acknowledged at once", () => {
    expect(after(299)).toMatchObject({ sentence: "Connected", unsent: 0 });
    expect(after(300)).toMatchObject({ sentence: "Saving 2 changes…", unsent: 2 });
  });

  test("turn amber after 5 s", () => {
    expect(after(5000)).toMatchObject({ tone: "busy", late: false });
    expect(after(5001)).toMatchObject({ tone: "warn", late: true });
  });

  test("are offered as a copy after 30 s, whatever the connection says", () => {
    expect(after(30_000).overdue).toBe(false);
    expect(after(30_001).overdue).toBe(true);
    expect(after(30_001, { phase: "waiting" })).toMatchObject({ overdue: true, unsent: 2 });
  });
});
