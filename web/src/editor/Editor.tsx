import { gotoLine } from "@codemirror/search";
import { EditorState, type StateEffect } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { useEffect, useRef } from "react";
import * as Y from "yjs";
import type { Entry } from "../files/tree";
import { useWorkspace } from "../project/context";
import type { SyncedDocument } from "../sync/document";
import { languageOf } from "./languages";
import { capabilities } from "./limits";
import { extensions, named, readOnly, Switches } from "./setup";

/** A dialog that closes gives the focus back first. */
const AFTER_DIALOG_MS = 50;

/** What of an editor outlives it, so that coming back to a file feels like never having left. */
interface Place {
  undo: Y.UndoManager;
  anchor: number;
  head: number;
  scroll: StateEffect<unknown> | null;
}

const places = new WeakMap<Y.Text, Place>();

function placeIn(text: Y.Text): Place {
  const known = places.get(text);
  if (known !== undefined) return known;
  const place = { undo: new Y.UndoManager(text), anchor: 0, head: 0, scroll: null };
  places.set(text, place);
  return place;
}

interface EditorProps {
  document: SyncedDocument;
  entry: Entry;
  isReadOnly: boolean;
}

/** The text of a file, edited by everybody who has it open. */
export default function Editor({ document, entry, isReadOnly }: EditorProps) {
  const workspace = useWorkspace();
  const box = useRef<HTMLDivElement>(null);
  const editor = useRef<{ view: EditorView; switches: Switches } | null>(null);
  const initial = useRef({ isReadOnly, path: entry.path });
  initial.current = { isReadOnly, path: entry.path };

  useEffect(() => {
    if (box.current === null) return;
    const text = document.doc.getText("content");
    const switches = new Switches();
    const view = openView(box.current, document, switches, initial.current, (each) =>
      workspace.editorInfo.patch(caret(each.state)),
    );
    editor.current = { view, switches };
    workspace.goToLine.set(() => gotoLine(view));
    workspace.editorInfo.set({ ...caret(view.state), language: "Plain text" });
    if (workspace.focusNext) {
      workspace.focusNext = false;
      setTimeout(() => view.focus(), AFTER_DIALOG_MS);
    }
    return () => {
      leave(view, text);
      editor.current = null;
      workspace.goToLine.set(null);
      workspace.editorInfo.set(null);
    };
  }, [document, workspace]);

  useEffect(() => {
    const { view, switches } = editor.current ?? {};
    view?.dispatch({ effects: switches?.access.reconfigure(readOnly(isReadOnly)) ?? [] });
  }, [isReadOnly]);

  useEffect(() => {
    const { view, switches } = editor.current ?? {};
    view?.dispatch({ effects: switches?.name.reconfigure(named(entry.path)) ?? [] });
  }, [entry.path]);

  useEffect(() => {
    const language = capabilities(document.doc.getText("content").toString()).language
      ? languageOf(entry.path)
      : null;
    let current = true;
    void language?.load().then((extension) => {
      const { view, switches } = editor.current ?? {};
      if (!current || view === undefined || switches === undefined) return;
      view.dispatch({ effects: switches.language.reconfigure(extension) });
      workspace.editorInfo.patch({ language: language.name });
    });
    return () => {
      current = false;
    };
  }, [document, entry.path, workspace]);

  return <div ref={box} className="editor" />;
}

function openView(
  parent: HTMLElement,
  document: SyncedDocument,
  switches: Switches,
  { isReadOnly, path }: { isReadOnly: boolean; path: string },
  onUpdate: (view: EditorView) => void,
): EditorView {
  const text = document.doc.getText("content");
  const { undo, anchor, head, scroll } = placeIn(text);
  const { awareness } = document;
  const doc = text.toString();
  const selection = { anchor: Math.min(anchor, doc.length), head: Math.min(head, doc.length) };
  const state = EditorState.create({
    doc,
    selection,
    extensions: extensions({
      text,
      awareness,
      undo,
      name: path,
      nonce: cspNonce(),
      readOnly: isReadOnly,
      switches,
      onUpdate,
    }),
  });
  return new EditorView({ parent, state, ...(scroll !== null && { scrollTo: scroll }) });
}

function leave(view: EditorView, text: Y.Text): void {
  const { anchor, head } = view.state.selection.main;
  Object.assign(placeIn(text), { anchor, head, scroll: view.scrollSnapshot() });
  view.destroy();
}

function caret(state: EditorState) {
  const { head, from, to } = state.selection.main;
  const line = state.doc.lineAt(head);
  return { line: line.number, column: head - line.from + 1, selected: to - from };
}

const cspNonce = () =>
  window.document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "";
