import { expect, test } from "vitest";
import { slugFrom } from "../../src/projects/slug";

test.each([
  ["Acme Website", "acme-website"],
  ["  Ünïcode & Co. ", "unicode-co"],
  ["***", ""],
  ["x".repeat(99), "x".repeat(48)],
])("%j becomes %j", (name, slug) => {
  expect(slugFrom(name)).toBe(slug);
});
