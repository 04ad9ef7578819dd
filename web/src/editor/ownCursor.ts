import type { Extension } from "@codemirror/state";
import { type EditorView, type PluginValue, ViewPlugin, type ViewUpdate } from "@codemirror/view";
import type { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";

const EVERY_MS = 80;

/** Tells the others where this user's selection is, in the form that y-codemirror's editors understand too. */
class OwnCursor implements PluginValue {
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly view: EditorView,
    private readonly text: Y.Text,
    private readonly awareness: Awareness,
  ) {}

  update(update: ViewUpdate): void {
    if (!(update.selectionSet || update.docChanged || update.focusChanged)) return;
    this.#timer ??= setTimeout(() => this.#publish(), EVERY_MS);
  }

  destroy(): void {
    clearTimeout(this.#timer);
    this.awareness.setLocalStateField("cursor", null);
  }

  #publish(): void {
    this.#timer = undefined;
    const { anchor, head } = this.view.state.selection.main;
    if (!this.view.hasFocus || this.text.doc === null) return;
    this.awareness.setLocalStateField("cursor", {
      anchor: this.#relative(anchor),
      head: this.#relative(head),
    });
  }

  #relative(index: number): unknown {
    return Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(this.text, index));
  }
}

export const ownCursor = (text: Y.Text, awareness: Awareness): Extension =>
  ViewPlugin.define((view) => new OwnCursor(view, text, awareness));
