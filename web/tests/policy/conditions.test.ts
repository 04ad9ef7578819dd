import { expect, test } from "vitest";
import { conditionInWords, isFinished, join, newCondition, split } from "../../src/policy/conditions";

test.each([
  "owner",
  "time:mon-fri 22:00-06:00 Asia/Tokyo",
  "ip:2001:db8::/32",
  "session:web,key",
  "fresh:15m",
])("%s is taken apart and put together again", (condition) => {
  const { kind, value } = split(condition);
  expect(join(kind, value)).toBe(condition);
});

test("a condition without what it is about is not finished", () => {
  expect(isFinished("ip:")).toBe(false);
  expect(isFinished("owner")).toBe(true);
  expect(isFinished(newCondition("time"))).toBe(true);
});

test("conditions are said in words", () => {
  expect(conditionInWords("time:mon-fri 08:00-18:00")).toBe("it is mon-fri 08:00-18:00");
  expect(conditionInWords("fresh:15m")).toBe("signed in at most 15m ago");
});
