import { expect, test } from "vitest";
import { score, search } from "../../src/palette/search";

const PATHS = ["docs/reference/wire.md", "src/wire.ts", "src/server/worker.ts", "README.md"];
const find = (query: string) => search(query, PATHS, (path) => path, 10);

test("letters must occur in order", () => {
  expect(score("rdm", "README.md")).not.toBeNull();
  expect(score("mdr", "README.md")).toBeNull();
});

test("the name of a file counts more than its folders, and a shorter path wins", () => {
  expect(find("wire")[0]).toBe("src/wire.ts");
  expect(find("read")[0]).toBe("README.md");
});

test("spaces and case do not matter", () => {
  expect(find("SRC work")).toEqual(["src/server/worker.ts"]);
});

test("an empty query gives all in their order, up to the limit", () => {
  expect(search("", PATHS, (path) => path, 2)).toEqual(PATHS.slice(0, 2));
});
