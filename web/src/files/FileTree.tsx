import { type KeyboardEvent, useEffect, useMemo, useState } from "react";
import {
  Button,
  Collection,
  type Key,
  ListLayout,
  Tree,
  TreeItem,
  TreeItemContent,
  useDragAndDrop,
  Virtualizer,
} from "react-aria-components";
import { useStore } from "../app/store";
import { useWorkspace } from "../project/context";
import type { Person } from "../sync/presence";
import { Icon } from "../ui/Icon";
import { Mark } from "../ui/Mark";
import { Notice, Skeleton } from "../ui/Notice";
import { useFileActions } from "./actions";
import { FileMenu } from "./FileMenu";
import { extension, isInside, parentOf } from "./paths";
import { buildTree, type Node, topmost } from "./tree";

const DRAG_TYPE = "application/x-atrium-path";
const ROW_HEIGHT = 28;

/** The project's files: open by Enter or click, rename by F2, delete by Delete, move by drag or its keyboard way. */
export function FileTree({ path }: { path: string | null }) {
  const { sync, writable, dialog } = useWorkspace();
  const entries = useStore(sync.entries);
  const loaded = useStore(sync.listed);
  const nodes = useMemo(() => buildTree(entries.values()), [entries]);
  const index = useMemo(() => indexNodes(nodes), [nodes]);
  const [expanded, setExpanded] = useExpanded(index, path);
  const people = useStore(sync.people);
  const actions = useFileActions();
  const { dragAndDropHooks } = useMoves(index);

  function act(key: Key) {
    const node = index.get(key);
    if (node === undefined) return;
    if (node.kind === "directory") setExpanded(toggled(expanded, key));
    else void actions.open(node.path);
  }

  function onKeyDown(event: KeyboardEvent) {
    if (!(event.target instanceof HTMLElement) || event.target.role !== "row" || !writable) return;
    const node = index.get(event.target.dataset.key ?? "");
    if (node === undefined) return;
    if (event.key === "F2") dialog.set({ kind: "rename", path: node.path });
    else if (event.key === "Delete") void actions.remove(node.path);
  }

  if (!loaded) return <Skeleton rows={9} label="Loading files" />;
  if (nodes.length === 0) return <NoFiles />;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: adds two keys to the tree inside
    <div className="tree-box" onKeyDown={onKeyDown}>
      <Virtualizer layout={ListLayout} layoutOptions={{ rowHeight: ROW_HEIGHT }}>
        <Tree
          aria-label="Files"
          className="tree"
          items={nodes}
          dependencies={[expanded, people, path]}
          expandedKeys={expanded}
          onExpandedChange={setExpanded}
          onAction={act}
          {...(writable && { dragAndDropHooks })}
        >
          {function row(node) {
            return (
              <TreeItem
                id={node.id}
                textValue={node.name}
                hasChildItems={node.children.length > 0}
                className={node.path === path ? "tree-row is-active" : "tree-row"}
              >
                <TreeItemContent>
                  <Row node={node} people={people} />
                </TreeItemContent>
                <Collection items={expanded.has(node.id) ? node.children : []}>{row}</Collection>
              </TreeItem>
            );
          }}
        </Tree>
      </Virtualizer>
    </div>
  );
}

function Row({ node, people }: { node: Node; people: Person[] }) {
  const { writable } = useWorkspace();
  return (
    <>
      {writable && (
        <Button slot="drag" className="tree-drag">
          <Icon name="grip" />
        </Button>
      )}
      <Button slot="chevron" className="tree-chevron">
        <Icon name="chevron" />
      </Button>
      <Icon name={iconOf(node)} />
      <span className="tree-name">{node.name}</span>
      {people
        .filter((person) => person.path === node.path && !person.isYou)
        .slice(0, 3)
        .map((person) => (
          <span key={person.id} className="tree-mark" title={`${person.name} is here`}>
            <Mark kind={person.kind} hue={person.hue} />
          </span>
        ))}
      <FileMenu node={node} />
    </>
  );
}

const IMAGES = new Set(["png", "jpg", "jpeg", "gif", "webp", "svg", "avif", "ico"]);

function iconOf(node: Node) {
  if (node.kind === "directory") return "folder";
  return IMAGES.has(extension(node.path)) ? "image" : "file";
}

function NoFiles() {
  const { writable, dialog } = useWorkspace();
  return (
    <Notice
      title="No files yet"
      actions={
        writable && (
          <Button className="button" onPress={() => dialog.set({ kind: "new-file", folder: "" })}>
            New file
          </Button>
        )
      }
    />
  );
}

function indexNodes(nodes: Node[], index = new Map<Key, Node>()): Map<Key, Node> {
  for (const node of nodes) {
    index.set(node.id, node);
    indexNodes(node.children, index);
  }
  return index;
}

function toggled(keys: Set<Key>, key: Key): Set<Key> {
  const next = new Set(keys);
  if (!next.delete(key)) next.add(key);
  return next;
}

/** Which folders are open; those around the file in view open by themselves when it comes into view. */
function useExpanded(index: Map<Key, Node>, path: string | null) {
  const [expanded, setExpanded] = useState<Set<Key>>(new Set());
  const around =
    path === null
      ? ""
      : [...index.values()]
          .filter(holds(path))
          .map((node) => node.id)
          .join("\n");
  useEffect(() => {
    if (around !== "") setExpanded((before) => new Set([...before, ...around.split("\n")]));
  }, [around]);
  return [expanded, setExpanded] as const;
}

const holds = (path: string) => (node: Node) => node.kind === "directory" && isInside(path, node.path);

/** Drag and drop, by pointer or by keyboard: onto a folder, beside a file, or to the top. */
function useMoves(index: Map<Key, Node>) {
  const actions = useFileActions();
  return useDragAndDrop<Node>({
    getItems: (keys) =>
      [...keys].map((key) => {
        const path = index.get(key)?.path ?? "";
        return { [DRAG_TYPE]: path, "text/plain": path };
      }),
    acceptedDragTypes: [DRAG_TYPE],
    getDropOperation: () => "move",
    shouldAcceptItemDrop: ({ key }) => index.get(key)?.kind === "directory",
    onMove: ({ keys, target }) => {
      const over = index.get(target.key);
      if (over === undefined) return;
      const folder = target.dropPosition === "on" ? over.path : parentOf(over.path);
      const paths = [...keys].flatMap((key) => index.get(key)?.path ?? []);
      void actions.moveInto(
        folder,
        topmost(paths).filter((each) => each !== folder && !isInside(folder, each)),
      );
    },
    onRootDrop: async ({ items }) => {
      const texts = items.flatMap((item) => (item.kind === "text" ? [item.getText(DRAG_TYPE)] : []));
      void actions.moveInto("", topmost(await Promise.all(texts)));
    },
  });
}
