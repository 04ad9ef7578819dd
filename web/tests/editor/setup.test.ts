import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { afterEach, expect, test } from "vitest";
import { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { extensions, Switches } from "../../src/editor/setup";

let view: EditorView;
afterEach(() => view.destroy());

function open(content: string, readOnly = false): Y.Text {
  const doc = new Y.Doc();
  const text = doc.getText("content");
  text.insert(0, content);
  const options = {
    text,
    awareness: new Awareness(doc),
    undo: new Y.UndoManager(text),
    name: "a.txt",
    nonce: "n0nce",
    readOnly,
    switches: new Switches(),
    onUpdate: () => {},
  };
  const state = EditorState.create({ doc: text.toString(), extensions: extensions(options) });
  view = new EditorView({ parent: document.body, state });
  return text;
}

test("a carriage return of another client is one character, so positions agree", () => {
  const text = open("one\r\ntwo\r\nthree");
  expect(view.state.doc.length).toBe(text.length);
  view.dispatch({ changes: { from: view.state.doc.length, insert: "!" } });
  expect(text.toString()).toBe("one\r\ntwo\r\nthree!");
});

test("pasted text comes with line feeds only", () => {
  open("");
  const clean = view.state
    .facet(EditorView.clipboardInputFilter)
    .reduce((text, filter) => filter(text, view.state), "a\r\nb\rc");
  expect(clean).toBe("a\nb\nc");
});

test("edits of others arrive, and undo takes back only one's own", () => {
  const text = open("base");
  view.dispatch({ changes: { from: 0, insert: "mine " } });
  text.doc?.transact(() => text.insert(text.length, " theirs"), "remote");
  expect(view.state.doc.toString()).toBe("mine base theirs");
  view.contentDOM.dispatchEvent(new KeyboardEvent("keydown", { key: "z", ctrlKey: true, bubbles: true }));
  expect(text.toString()).toBe("base theirs");
});

test("the editor has a name for screen readers and carries the page's nonce", () => {
  open("");
  expect(view.contentDOM.getAttribute("aria-label")).toBe("a.txt");
  expect(view.state.facet(EditorView.cspNonce)).toBe("n0nce");
});

test("read-only text is not changed by keys", () => {
  open("x", true);
  expect(view.state.readOnly).toBe(true);
});
