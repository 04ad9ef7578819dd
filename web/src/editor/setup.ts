import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput } from "@codemirror/language";
import { gotoLine, highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import {
  crosshairCursor,
  drawSelection,
  dropCursor,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
  rectangularSelection,
} from "@codemirror/view";
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next";
import type { Awareness } from "y-protocols/awareness";
import type * as Y from "yjs";
import { ownCursor } from "./ownCursor";
import { remoteCursors } from "./remoteCursors";
import { theme } from "./theme";

/** The parts of an editor that change while it lives. */
export class Switches {
  readonly language = new Compartment();
  readonly access = new Compartment();
  readonly name = new Compartment();
}

/** Documents hold LF only: a CR would be a character of its own for some clients and none for others. */
const lineFeedsOnly: Extension = [
  EditorState.lineSeparator.of("\n"),
  EditorView.clipboardInputFilter.of((text) => text.replace(/\r\n?/g, "\n")),
];

const phrases = EditorState.phrases.of({
  next: "Next",
  previous: "Previous",
  all: "Select all",
  "match case": "Match case",
  regexp: "Regular expression",
  "by word": "Whole words",
  replace: "Replace",
  "replace all": "Replace all",
  close: "Close",
});

const keys = keymap.of([
  { key: "Mod-s", run: () => true, preventDefault: true },
  { key: "Ctrl-g", run: gotoLine, preventDefault: true },
  ...yUndoManagerKeymap,
  ...closeBracketsKeymap,
  ...completionKeymap,
  ...searchKeymap.filter(({ key }) => key !== "Mod-g"),
  ...foldKeymap,
  ...defaultKeymap,
  indentWithTab,
]);

/** Read-only text can still be selected and searched, and its caret is seen. */
export const readOnly = (value: boolean): Extension => EditorState.readOnly.of(value);

/** How screen readers name the text; the page tells them, too, how to leave it by keyboard. */
export const named = (name: string): Extension =>
  EditorView.contentAttributes.of({ "aria-label": name, "aria-describedby": "editor-help", tabindex: "0" });

export interface EditorOptions {
  text: Y.Text;
  awareness: Awareness;
  undo: Y.UndoManager;
  name: string;
  nonce: string;
  readOnly: boolean;
  switches: Switches;
  onUpdate: (view: EditorView) => void;
}

/** An editor for a shared text: its content, its undo and its cursors are the document's. */
export function extensions(options: EditorOptions): Extension {
  const { text, awareness, undo, switches } = options;
  return [
    EditorView.cspNonce.of(options.nonce),
    switches.name.of(named(options.name)),
    EditorState.allowMultipleSelections.of(true),
    lineFeedsOnly,
    phrases,
    lineNumbers(),
    highlightActiveLineGutter(),
    highlightSpecialChars(),
    foldGutter(),
    drawSelection(),
    dropCursor(),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    autocompletion(),
    rectangularSelection(),
    crosshairCursor(),
    highlightActiveLine(),
    highlightSelectionMatches(),
    search(),
    theme,
    keys,
    yCollab(text, null, { undoManager: undo }),
    remoteCursors(text, awareness),
    ownCursor(text, awareness),
    switches.language.of([]),
    switches.access.of(readOnly(options.readOnly)),
    EditorView.updateListener.of((update) => {
      if (update.selectionSet || update.docChanged) options.onUpdate(update.view);
    }),
  ];
}
