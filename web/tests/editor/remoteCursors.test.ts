import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate } from "y-protocols/awareness";
import * as Y from "yjs";
import type { User } from "../../src/api";
import { cursorDecorations, type RemoteCursor, remoteCursors } from "../../src/editor/remoteCursors";

const KEN: User = { id: "user:ken", name: "Ken", hue: 3, kind: "agent" };

const cursor = (anchor: number, head: number): RemoteCursor => ({ user: KEN, anchor, head, movedAt: 0 });
const spans = (cursors: RemoteCursor[], visible: { from: number; to: number }[]) =>
  cursorDecorations(cursors, visible).map(({ from, to }) => [from, to]);

describe("decorations", () => {
  test("a selection of everything is cut to what is visible", () => {
    expect(spans([cursor(0, 1_000_000)], [{ from: 500, to: 900 }])).toEqual([[500, 900]]);
  });

  test("each visible part gets its own, and the caret where it is seen", () => {
    const visible = [
      { from: 0, to: 100 },
      { from: 300, to: 400 },
    ];
    expect(spans([cursor(350, 50)], visible)).toEqual([
      [50, 100],
      [300, 350],
      [50, 50],
    ]);
  });

  test("what is out of sight costs nothing", () => {
    expect(spans([cursor(0, 10), cursor(200, 200)], [{ from: 50, to: 100 }])).toEqual([]);
  });

  test("25 selections of 10,000 lines are 25 marks", () => {
    const cursors = Array.from({ length: 25 }, () => cursor(0, 500_000));
    expect(spans(cursors, [{ from: 1000, to: 3000 }])).toHaveLength(25);
  });
});

describe("in an editor", () => {
  let view: EditorView;
  afterEach(() => view.destroy());

  /** An editor, and a peer of the same document whose awareness states reach it. */
  function setUp(content: string) {
    const doc = new Y.Doc();
    const text = doc.getText("content");
    text.insert(0, content);
    const own = new Awareness(doc);
    const peerDoc = new Y.Doc();
    Y.applyUpdate(peerDoc, Y.encodeStateAsUpdate(doc));
    const peer = new Awareness(peerDoc);
    const position = (index: number) =>
      Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(peerDoc.getText("content"), index));
    view = new EditorView({
      parent: document.body,
      state: EditorState.create({ doc: content, extensions: remoteCursors(text, own) }),
    });
    const announce = (state: Record<string, unknown>) => {
      peer.setLocalState(state);
      applyAwarenessUpdate(own, encodeAwarenessUpdate(peer, [peerDoc.clientID]), "test");
    };
    return { announce, position };
  }

  const carets = () => [...view.dom.querySelectorAll(".cm-peer-caret")];

  test("a peer is a class and a name, never a style of its own", async () => {
    const { announce, position } = setUp("hello world");
    announce({
      user: { ...KEN, color: "red;position:fixed;inset:0", name: "<img src=x>" },
      cursor: { anchor: position(0), head: position(5) },
    });
    await vi.waitFor(() => expect(carets()).toHaveLength(1));
    expect(carets()[0]?.className).toBe("cm-peer-caret hue-3 kind-agent");
    expect(carets()[0]?.textContent).toBe("<img src=x>");
    expect(view.dom.querySelector(".cm-peer-selection")?.textContent).toBe("hello");
    expect(view.dom.innerHTML).not.toMatch(/red|fixed|<img src/);
  });

  test("states that break the format are ignored", async () => {
    const { announce, position } = setUp("hello");
    for (const bad of [
      5,
      {},
      { anchor: "x", head: [] },
      { anchor: { item: { client: -1, clock: {} } }, head: {} },
    ])
      announce({ user: KEN, cursor: bad });
    announce({ user: KEN, cursor: { anchor: position(1), head: position(1) } });
    await vi.waitFor(() => expect(carets()).toHaveLength(1));
  });

  test("a caret moves with the text before it", async () => {
    const { announce, position } = setUp("hello");
    announce({ user: KEN, cursor: { anchor: position(2), head: position(2) } });
    await vi.waitFor(() => expect(carets()).toHaveLength(1));
    view.dispatch({ changes: { from: 0, insert: ">> " } });
    expect(view.posAtDOM(carets()[0] as Element)).toBe(5);
  });
});
