import { createDecoder, readVarString, readVarUint } from "lib0/decoding";

/** What the ledger of acknowledgements needs to know about a frame; see `docs/reference/wire.md`, Hocuspocus. */
export interface Frame {
  /** The document it is about. */
  address: string;
  kind: "step2" | "update" | "acknowledged" | "refused" | "other";
}

const SYNC = 0;
const SYNC_STATUS = 8;
const STEP2 = 1;
const UPDATE = 2;

/** Reads no more than the head of one Hocuspocus frame; null for the bare ping and pong. */
export function readFrame(frame: Uint8Array): Frame | null {
  if (frame.length < 2) return null;
  const decoder = createDecoder(frame);
  const address = readVarString(decoder);
  const type = readVarUint(decoder);
  if (type === SYNC_STATUS) return { address, kind: readVarUint(decoder) === 1 ? "acknowledged" : "refused" };
  if (type !== SYNC) return { address, kind: "other" };
  const step = readVarUint(decoder);
  return { address, kind: step === STEP2 ? "step2" : step === UPDATE ? "update" : "other" };
}
