import { expect, test } from "vitest";
import { formatBytes } from "../../src/preview/bytes";

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.00 kB"],
  [12_345_678, "12.3 MB"],
])("%d bytes are %s", (bytes, expected) => {
  expect(formatBytes(bytes)).toBe(expected);
});
