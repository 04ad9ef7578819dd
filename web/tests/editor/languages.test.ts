import { expect, test } from "vitest";
import { languageOf } from "../../src/editor/languages";

test.each([
  ["src/app.py", "Python"],
  ["README.MD", "Markdown"],
  ["Dockerfile", "Dockerfile"],
  ["a/b.tsx", "TypeScript"],
])("%s is %s", (path, name) => {
  expect(languageOf(path)?.name).toBe(name);
});

test("an unknown name is plain text", () => {
  expect(languageOf("LICENSE")).toBeNull();
});

test("a language loads", async () => {
  expect(await languageOf("a.sh")?.load()).toBeDefined();
});
