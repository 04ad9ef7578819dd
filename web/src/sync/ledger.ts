/** Which of a document's local edits the server has not yet acknowledged as durable.
 *
 * The server acknowledges every Step2 and every Update, in order. The Step2 of a new connection carries all that was
 * edited before, so until it and what followed are acknowledged, the older edits count as unsent.
 */
export class Ledger {
  /** When each unacknowledged edit was made, oldest first. */
  #edits: number[] = [];
  #inFlight = 0;
  #handshaken = false;
  #settled = false;

  /** A connection begins: what was on its way over the last one is answered no more. */
  opened(): void {
    this.#inFlight = 0;
    this.#handshaken = this.#settled = false;
  }

  edited(now: number): void {
    this.#edits.push(now);
  }

  sent(kind: "step2" | "update"): void {
    this.#inFlight += 1;
    if (kind === "step2") this.#handshaken = true;
  }

  acknowledged(): void {
    this.#inFlight = Math.max(0, this.#inFlight - 1);
    if (this.#inFlight === 0 && this.#handshaken) this.#settled = true;
    if (this.#settled) this.#edits.splice(0, Math.max(0, this.#edits.length - this.#inFlight));
  }

  get unsent(): number {
    return this.#edits.length;
  }

  /** When the oldest unacknowledged edit was made. */
  get since(): number | null {
    return this.#edits[0] ?? null;
  }
}
