import * as Y from "yjs";
import { baseName, isInside, parentOf } from "./paths";

export type EntryKind = "text" | "binary" | "directory";

/** A file or folder as the project's tree document describes it. */
export interface Entry {
  id: string;
  path: string;
  kind: EntryKind;
  eol: "lf" | "crlf";
  /** Bytes; binary files only. */
  size: number | null;
  /** SHA-256 of the content; binary files only. */
  blob: string | null;
}

/** One row of the tree view. Folders that exist only as part of a path have the id `folder:<path>`. */
export interface Node {
  id: string;
  path: string;
  name: string;
  kind: EntryKind;
  children: Node[];
}

const KINDS: ReadonlySet<unknown> = new Set(["text", "binary", "directory"]);

/** The entries of a tree document by file id; what has not the shape of an entry is left out. */
export function readEntries(doc: Y.Doc): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const [id, value] of doc.getMap("files")) {
    const entry = value instanceof Y.Map ? readEntry(id, (name) => value.get(name)) : null;
    if (entry !== null) entries.set(id, entry);
  }
  return entries;
}

/** The entry whose members `get` gives by name; null when they have not the shape of one. */
export function readEntry(id: string, get: (name: string) => unknown): Entry | null {
  const path = get("path");
  const kind = get("kind");
  if (typeof path !== "string" || path === "" || !KINDS.has(kind)) return null;
  const size = get("size");
  const blob = get("blob");
  return {
    id,
    path,
    kind: kind as EntryKind,
    eol: get("eol") === "crlf" ? "crlf" : "lf",
    size: typeof size === "number" ? size : null,
    blob: typeof blob === "string" ? blob : null,
  };
}

/** The rows of the tree view: folders first, then by name; parents that no entry describes are made up. */
export function buildTree(entries: Iterable<Entry>): Node[] {
  const root: Node = { id: "", path: "", name: "", kind: "directory", children: [] };
  const folders = new Map<string, Node>([["", root]]);
  const folder = (path: string): Node => {
    const known = folders.get(path);
    if (known !== undefined) return known;
    return add({ id: `folder:${path}`, path, name: baseName(path), kind: "directory", children: [] });
  };
  const add = (node: Node): Node => {
    if (node.kind === "directory") folders.set(node.path, node);
    folder(parentOf(node.path)).children.push(node);
    return node;
  };
  const described = [...entries].sort((a, b) => rank(a) - rank(b) || a.path.length - b.path.length);
  for (const { id, path, kind } of described) {
    const made = folders.get(path);
    if (kind === "directory" && made !== undefined) made.id = id;
    else add({ id, path, name: baseName(path), kind, children: [] });
  }
  sort(root.children);
  return root.children;
}

const rank = ({ kind }: { kind: EntryKind }) => (kind === "directory" ? 0 : 1);
const byName = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

function sort(nodes: Node[]): void {
  nodes.sort((a, b) => rank(a) - rank(b) || byName.compare(a.name, b.name));
  for (const node of nodes) sort(node.children);
}

/** Every path and each of its folders, so that a name can be checked before the server is asked. */
export function takenPaths(entries: Iterable<Entry>): Set<string> {
  const taken = new Set<string>();
  for (const { path } of entries)
    for (let each = path; each !== "" && !taken.has(each); each = parentOf(each)) taken.add(each);
  return taken;
}

/** Of the paths that were chosen, those that no other chosen folder brings along. */
export function topmost(paths: string[]): string[] {
  return paths.filter((path) => !paths.some((other) => other !== path && isInside(path, other)));
}
