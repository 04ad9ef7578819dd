import * as encoding from "lib0/encoding";
import { describe, expect, test } from "vitest";
import { readFrame } from "../../src/sync/wire";

function frame(address: string, ...numbers: number[]): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarString(encoder, address);
  for (const number of numbers) encoding.writeVarUint(encoder, number);
  return encoding.toUint8Array(encoder);
}

describe("the head of a Hocuspocus frame", () => {
  test.each([
    ["step2", [0, 1, 2, 0, 0]],
    ["update", [0, 2, 2, 0, 0]],
    ["other", [0, 0, 1, 0]],
    ["other", [1, 1, 0]],
    ["acknowledged", [8, 1]],
    ["refused", [8, 0]],
  ])("%s", (kind, numbers) => {
    expect(readFrame(frame("acme/files/a.md", ...numbers))).toEqual({ address: "acme/files/a.md", kind });
  });

  test("a bare ping or pong is about no document", () => {
    expect(readFrame(Uint8Array.of(9))).toBeNull();
    expect(readFrame(Uint8Array.of(10))).toBeNull();
  });
});
