import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import {
  buildTree,
  type Entry,
  type EntryKind,
  type Node,
  readEntries,
  takenPaths,
  topmost,
} from "../../src/files/tree";

const entry = (path: string, kind: EntryKind = "text"): Entry => ({
  id: `id:${path}`,
  path,
  kind,
  eol: "lf",
  size: null,
  blob: null,
});

const outline = (nodes: Node[]): unknown[] =>
  nodes.map(({ name, children }) => (children.length > 0 ? [name, outline(children)] : name));

describe("the tree document", () => {
  test("gives its entries, and leaves out what has not their shape", () => {
    const doc = new Y.Doc();
    const files = doc.getMap("files");
    files.set(
      "1",
      new Y.Map(Object.entries({ path: "a.png", kind: "binary", size: 7, blob: "ff", eol: "lf" })),
    );
    files.set("2", new Y.Map(Object.entries({ path: "b.txt", kind: "text", eol: "crlf" })));
    files.set("3", new Y.Map(Object.entries({ path: 5, kind: "text" })));
    files.set("4", new Y.Map(Object.entries({ path: "c", kind: "device" })));
    files.set("5", "no map");
    expect([...readEntries(doc).values()]).toEqual([
      { id: "1", path: "a.png", kind: "binary", eol: "lf", size: 7, blob: "ff" },
      { id: "2", path: "b.txt", kind: "text", eol: "crlf", size: null, blob: null },
    ]);
  });
});

describe("the tree view", () => {
  test("shows folders first, then files, numbers by value", () => {
    const entries = ["b.md", "a10.md", "a9.md", "z/x.md"].map((path) => entry(path));
    expect(outline(buildTree(entries))).toEqual([["z", ["x.md"]], "a9.md", "a10.md", "b.md"]);
  });

  test("makes up the folders that no entry describes, and takes those that one does", () => {
    const [a] = buildTree([entry("a/b/c.md"), entry("a", "directory")]);
    expect(a).toMatchObject({ id: "id:a", name: "a" });
    expect(a?.children[0]).toMatchObject({ id: "folder:a/b", path: "a/b", kind: "directory" });
  });

  test("has one row for a folder, whatever the order of the entries", () => {
    const entries = [entry("a/b", "directory"), entry("a/b/c.md"), entry("a", "directory")];
    for (const each of [entries, [...entries].reverse()])
      expect(outline(buildTree(each))).toEqual([["a", [["b", ["c.md"]]]]]);
  });
});

test("a path takes the names of its folders, too", () => {
  expect(takenPaths([entry("a/b/c.md"), entry("d")])).toEqual(new Set(["a/b/c.md", "a/b", "a", "d"]));
});

test("a folder that is moved brings along what is in it", () => {
  expect(topmost(["a", "a/b", "ab", "c/d"])).toEqual(["a", "ab", "c/d"]);
});
