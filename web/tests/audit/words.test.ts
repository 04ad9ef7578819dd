import { expect, test } from "vitest";
import { actionInWords } from "../../src/audit/words";

test.each([
  ["signed in", "session.started"],
  ["file written", "file.written"],
  ["update log quarantined", "update_log.quarantined"],
])("“%s”", (words, action) => {
  expect(actionInWords(action)).toBe(words);
});
