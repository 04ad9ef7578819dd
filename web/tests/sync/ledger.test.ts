import { describe, expect, test } from "vitest";
import { Ledger } from "../../src/sync/ledger";

/** A ledger after the handshake of its first connection. */
function connected(): Ledger {
  const ledger = new Ledger();
  handshake(ledger);
  return ledger;
}

function handshake(ledger: Ledger): void {
  ledger.opened();
  ledger.sent("step2");
  ledger.acknowledged();
}

function edit(ledger: Ledger, now: number): void {
  ledger.edited(now);
  ledger.sent("update");
}

describe("the ledger of acknowledgements", () => {
  test("joining without edits leaves nothing unsent", () => {
    expect(connected().unsent).toBe(0);
    expect(connected().since).toBeNull();
  });

  test("acknowledgements settle the oldest edits first", () => {
    const ledger = connected();
    edit(ledger, 10);
    edit(ledger, 20);
    expect([ledger.unsent, ledger.since]).toEqual([2, 10]);
    ledger.acknowledged();
    expect([ledger.unsent, ledger.since]).toEqual([1, 20]);
    ledger.acknowledged();
    expect([ledger.unsent, ledger.since]).toEqual([0, null]);
  });

  test("what was edited offline is unsent until the handshake that carries it is acknowledged", () => {
    const ledger = connected();
    ledger.edited(10);
    ledger.edited(20);
    ledger.opened();
    expect(ledger.unsent).toBe(2);
    ledger.sent("step2");
    expect(ledger.unsent).toBe(2);
    ledger.acknowledged();
    expect(ledger.unsent).toBe(0);
  });

  test("the answer to an edit that overtook the handshake does not settle the handshake", () => {
    const ledger = connected();
    ledger.edited(10);
    ledger.opened();
    edit(ledger, 20);
    ledger.acknowledged();
    expect(ledger.unsent).toBe(2);
    ledger.sent("step2");
    ledger.acknowledged();
    expect(ledger.unsent).toBe(0);
  });

  test("answers of the last connection are not expected on the next", () => {
    const ledger = connected();
    edit(ledger, 10);
    edit(ledger, 20);
    handshake(ledger);
    expect(ledger.unsent).toBe(0);
  });

  test("an answer too many never counts for a later edit", () => {
    const ledger = connected();
    ledger.acknowledged();
    edit(ledger, 10);
    expect(ledger.unsent).toBe(1);
  });
});
