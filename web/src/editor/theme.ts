import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const view = EditorView.theme({
  "&": { height: "100%", color: "var(--ink)", backgroundColor: "var(--bg)", fontSize: "var(--code-size)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.65", overflow: "auto" },
  ".cm-content": { caretColor: "var(--ink)", padding: "12px 0 40vh" },
  ".cm-line": { padding: "0 16px 0 8px" },
  ".cm-cursor": { borderLeftColor: "var(--ink)", borderLeftWidth: "2px" },
  ".cm-gutters": {
    backgroundColor: "var(--bg)",
    color: "var(--mute)",
    border: "none",
    paddingInlineStart: "8px",
  },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--ink) 4%, transparent)" },
  ".cm-activeLineGutter": { backgroundColor: "transparent", color: "var(--ink)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: "color-mix(in srgb, var(--accent) 18%, transparent)",
  },
  ".cm-selectionMatch": { backgroundColor: "color-mix(in srgb, var(--accent) 12%, transparent)" },
  "&.cm-focused .cm-matchingBracket": {
    backgroundColor: "color-mix(in srgb, var(--accent) 20%, transparent)",
  },
  ".cm-foldPlaceholder": { background: "var(--sunk)", border: "1px solid var(--line)", color: "var(--mute)" },
  ".cm-panels": { backgroundColor: "var(--panel)", color: "var(--ink)", fontFamily: "var(--sans)" },
  ".cm-panels-bottom": { borderTop: "1px solid var(--line)" },
  ".cm-panel.cm-panel": { padding: "8px 40px 8px 12px" },
  ".cm-panel.cm-search label": { display: "inline-flex", alignItems: "center", gap: "4px", fontSize: "13px" },
  ".cm-textfield": {
    backgroundColor: "var(--bg)",
    color: "var(--ink)",
    border: "1px solid var(--control)",
    borderRadius: "6px",
    padding: "4px 8px",
    fontSize: "13px",
  },
  ".cm-button": {
    background: "var(--panel)",
    color: "var(--ink)",
    border: "1px solid var(--control)",
    borderRadius: "6px",
    padding: "4px 10px",
    fontSize: "13px",
  },
  ".cm-button:active": { background: "var(--sunk)" },
  ".cm-panel button[name=close], .cm-dialog-close": {
    inset: "6px 8px auto auto",
    width: "28px",
    height: "28px",
    color: "var(--ink)",
    fontSize: "18px",
  },
  ".cm-searchMatch": { backgroundColor: "color-mix(in srgb, var(--warn) 28%, transparent)" },
  ".cm-searchMatch-selected": { outline: "2px solid var(--warn)" },
  ".cm-tooltip": { backgroundColor: "var(--panel)", border: "1px solid var(--line)", borderRadius: "6px" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": {
    backgroundColor: "var(--accent)",
    color: "var(--on-accent)",
  },
  ".cm-specialChar": { color: "var(--bad)" },
});

const highlight = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier], color: "var(--code-keyword)" },
  { tag: [tags.string, tags.special(tags.string), tags.regexp], color: "var(--code-string)" },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: "var(--code-number)" },
  { tag: [tags.comment, tags.meta], color: "var(--code-comment)" },
  { tag: [tags.definition(tags.variableName), tags.function(tags.variableName)], color: "var(--code-name)" },
  { tag: [tags.typeName, tags.className, tags.namespace, tags.tagName], color: "var(--code-type)" },
  { tag: [tags.propertyName, tags.attributeName], color: "var(--code-name)" },
  { tag: [tags.heading], color: "var(--ink)", fontWeight: "700" },
  { tag: [tags.strong], fontWeight: "700" },
  { tag: [tags.emphasis], fontStyle: "italic" },
  { tag: [tags.strikethrough], textDecoration: "line-through" },
  { tag: [tags.link, tags.url], color: "var(--code-link)", textDecoration: "underline" },
  { tag: [tags.monospace], color: "var(--code-string)" },
  { tag: [tags.inserted], color: "var(--good)" },
  { tag: [tags.deleted, tags.invalid], color: "var(--bad)" },
]);

export const theme: Extension = [view, syntaxHighlighting(highlight)];
