import { type Extension, type Range, RangeSet, StateEffect } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  EditorView,
  type PluginValue,
  ViewPlugin,
  type ViewUpdate,
  WidgetType,
} from "@codemirror/view";
import type { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import type { User } from "../api";
import { readUser } from "../sync/presence";

/** Where somebody else's selection is; `movedAt` changes when they move it. */
export interface RemoteCursor {
  user: User;
  anchor: number;
  head: number;
  movedAt: number;
}

interface Span {
  from: number;
  to: number;
}

const SELECTIONS = Array.from({ length: 12 }, (_, hue) =>
  Decoration.mark({ class: `cm-peer-selection hue-${hue}` }),
);

/** The cursors as decorations, cut to what is visible: a selection of everything costs as little as a word.
 *
 * Colours are classes by hue: a peer names an index, never a style.
 */
export function cursorDecorations(
  cursors: Iterable<RemoteCursor>,
  visible: readonly Span[],
): Range<Decoration>[] {
  const ranges: Range<Decoration>[] = [];
  for (const cursor of cursors) {
    const from = Math.min(cursor.anchor, cursor.head);
    const to = Math.max(cursor.anchor, cursor.head);
    const mark = SELECTIONS[cursor.user.hue];
    for (const span of visible) {
      const cut = { from: Math.max(from, span.from), to: Math.min(to, span.to) };
      if (mark !== undefined && cut.from < cut.to) ranges.push(mark.range(cut.from, cut.to));
    }
    if (visible.some((span) => span.from <= cursor.head && cursor.head <= span.to))
      ranges.push(Decoration.widget({ widget: new Caret(cursor), side: 1 }).range(cursor.head));
  }
  return ranges;
}

/** A caret with the name of its owner. The name fades after each move; it comes back under the pointer. */
class Caret extends WidgetType {
  constructor(private readonly cursor: RemoteCursor) {
    super();
  }

  override eq(other: Caret): boolean {
    const { user, movedAt } = this.cursor;
    return (
      movedAt === other.cursor.movedAt &&
      user.id === other.cursor.user.id &&
      user.name === other.cursor.user.name
    );
  }

  override toDOM(): HTMLElement {
    const { hue, kind, name } = this.cursor.user;
    const caret = document.createElement("span");
    caret.className = `cm-peer-caret hue-${hue} kind-${kind}`;
    caret.setAttribute("aria-hidden", "true");
    const label = caret.appendChild(document.createElement("span"));
    label.className = "cm-peer-label";
    label.textContent = name;
    return caret;
  }

  override get estimatedHeight(): number {
    return -1;
  }

  override ignoreEvent(): boolean {
    return true;
  }
}

const cursorsChanged = StateEffect.define<null>();

class RemoteCursors implements PluginValue {
  decorations: DecorationSet = RangeSet.empty;
  readonly #cursors = new Map<number, RemoteCursor>();
  readonly #pending = new Set<number>();
  #frame = 0;

  constructor(
    private readonly view: EditorView,
    private readonly text: Y.Text,
    private readonly awareness: Awareness,
  ) {
    awareness.on("change", this.#changed);
    this.#await([...awareness.getStates().keys()]);
  }

  update(update: ViewUpdate): void {
    const read = update.transactions.some((tr) => tr.effects.some((effect) => effect.is(cursorsChanged)));
    if (update.docChanged) this.#map(update);
    if (read || update.docChanged || update.viewportChanged) this.#decorate();
  }

  destroy(): void {
    this.awareness.off("change", this.#changed);
    cancelAnimationFrame(this.#frame);
  }

  readonly #changed = (change: { added: number[]; updated: number[]; removed: number[] }): void => {
    this.#await([...change.added, ...change.updated, ...change.removed]);
  };

  /** Positions are looked up once per frame and peer: the lookup walks the document. */
  #await(clients: number[]): void {
    for (const client of clients) if (client !== this.awareness.clientID) this.#pending.add(client);
    if (this.#pending.size === 0 || this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#read();
      this.view.dispatch({ effects: cursorsChanged.of(null) });
    });
  }

  #read(): void {
    for (const client of [...this.#pending]) {
      const state = this.awareness.getStates().get(client);
      const cursor = state === undefined ? null : this.#locate(state);
      if (cursor === null) this.#cursors.delete(client);
      else {
        const before = this.#cursors.get(client);
        const moved = before?.anchor !== cursor.anchor || before.head !== cursor.head;
        this.#cursors.set(client, moved ? cursor : { ...cursor, movedAt: before.movedAt });
      }
      this.#pending.delete(client);
    }
  }

  #locate(state: Record<string, unknown>): RemoteCursor | null {
    const user = readUser(state.user);
    const cursor = state.cursor;
    if (user === null || cursor === null || typeof cursor !== "object") return null;
    const { anchor, head } = cursor as Record<string, unknown>;
    const at = [this.#index(anchor), this.#index(head)] as const;
    if (at[0] === null || at[1] === null) return null;
    return { user, anchor: at[0], head: at[1], movedAt: performance.now() };
  }

  /** The index of a relative position as peers send it; null for anything else and for text not here yet. */
  #index(position: unknown): number | null {
    if (position === null || typeof position !== "object" || this.text.doc === null) return null;
    try {
      const relative = Y.createRelativePositionFromJSON(position);
      const absolute = Y.createAbsolutePositionFromRelativePosition(relative, this.text.doc);
      return absolute?.type === this.text ? Math.min(absolute.index, this.view.state.doc.length) : null;
    } catch {
      return null; // made by a peer that does not keep to the format
    }
  }

  #map({ changes }: ViewUpdate): void {
    for (const [client, cursor] of this.#cursors) {
      const anchor = changes.mapPos(cursor.anchor, 1);
      const head = changes.mapPos(cursor.head, 1);
      if (anchor !== cursor.anchor || head !== cursor.head)
        this.#cursors.set(client, { ...cursor, anchor, head });
    }
  }

  #decorate(): void {
    this.decorations = Decoration.set(
      cursorDecorations(this.#cursors.values(), this.view.visibleRanges),
      true,
    );
  }
}

/** Shows where the others are in `text`. */
export function remoteCursors(text: Y.Text, awareness: Awareness): Extension {
  return ViewPlugin.define((view) => new RemoteCursors(view, text, awareness), {
    decorations: (plugin) => plugin.decorations,
    // A label lies over the line above; it must not make its own line taller.
    provide: () => EditorView.scrollMargins.of(() => ({ top: 24 })),
  });
}
