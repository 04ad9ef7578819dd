import { HocuspocusProvider, type onMessageParameters } from "@hocuspocus/provider";
import { IndexeddbPersistence } from "y-indexeddb";
import * as Y from "yjs";
import { Store } from "../app/store";
import { Ledger } from "./ledger";
import { keepOnDevice } from "./offline";
import type { DataSocket } from "./socket";
import { type Frame, readFrame } from "./wire";

export interface DocumentState {
  /** There is content to show, from this device or from the server. */
  loaded: boolean;
  /** The server has sent all it had at the time of joining. */
  synced: boolean;
  writable: boolean;
  /** Local edits that the server has not acknowledged, and since when. */
  unsent: number;
  since: number | null;
  /** At least one edit was acknowledged. */
  saved: boolean;
  /** Edits survive closing the page. */
  kept: boolean;
  /** The server took an edit not: what this page shows differs from everybody else's. */
  refused: boolean;
  /** The history was reset on the server while this device was offline: what it keeps cannot be merged. */
  outdated: boolean;
  /** Why the document may not be opened. */
  denied: string | null;
}

const INITIAL: DocumentState = {
  loaded: false,
  synced: false,
  writable: true,
  unsent: 0,
  since: null,
  saved: false,
  kept: false,
  refused: false,
  outdated: false,
  denied: null,
};

const KEEP_WAIT_MS = 2000;

/** A shared document: what is on this device, what the server has, and what is on its way between them. */
export class SyncedDocument {
  readonly doc = new Y.Doc();
  readonly state = new Store<DocumentState>(INITIAL);
  readonly #ledger = new Ledger();
  readonly #provider: HocuspocusProvider;
  #kept: IndexeddbPersistence | null = null;
  closed = false;

  constructor(
    private readonly socket: DataSocket,
    name: string,
  ) {
    this.#provider = new HocuspocusProvider({
      name,
      document: this.doc,
      websocketProvider: socket,
      token: "",
      onOpen: () => this.#ledger.opened(),
      onMessage: (received) => this.#received(received),
      onSynced: () => this.state.patch({ loaded: true, synced: true }),
      onClose: ({ event }) => this.#left(event.reason),
      onAuthenticated: ({ scope }) => this.state.patch({ writable: scope !== "readonly", denied: null }),
      onAuthenticationFailed: ({ reason }) => this.state.patch({ denied: reason }),
    });
    this.doc.on("update", this.#updated);
    socket.on("sent", this.#sent);
  }

  get awareness() {
    const { awareness } = this.#provider;
    if (awareness === null) throw new Error("the provider was made with awareness");
    return awareness;
  }

  /** Loads what this device keeps under `key`. Returns after at most 2 s; the rest is merged when it comes. */
  async load(key: string): Promise<void> {
    const keeping = keepOnDevice(key, this.doc).then((kept) => {
      if (this.closed) void kept?.destroy();
      else this.#loadedFromDevice(kept);
    });
    await Promise.race([keeping, new Promise((resolve) => setTimeout(resolve, KEEP_WAIT_MS))]);
  }

  /** Begins to sync. */
  join(): void {
    if (!this.closed) this.#provider.attach();
  }

  /** The document has another address now, because its file was moved. */
  rename(name: string): void {
    if (name === this.#provider.configuration.name) return;
    const joined = this.#provider.isAttached;
    if (joined) this.#provider.detach();
    this.#provider.setConfiguration({ name, websocketProvider: this.socket });
    if (joined) this.#provider.attach();
  }

  /** Joins again after the server ended or refused the document. */
  rejoin(): void {
    if (this.#provider.isAttached) this.#provider.detach();
    this.state.patch({ denied: null });
    this.join();
  }

  /** Removes what this device keeps of the document, and ends it. */
  async forget(): Promise<void> {
    const kept = this.#kept;
    this.destroy();
    await kept?.clearData();
  }

  destroy(): void {
    if (this.closed) return;
    this.closed = true;
    this.socket.off("sent", this.#sent);
    this.#provider.destroy();
    void this.#kept?.destroy();
    this.doc.destroy();
  }

  readonly #updated = (_update: Uint8Array, origin: unknown): void => {
    if (origin === this.#provider || origin instanceof IndexeddbPersistence) return;
    this.#ledger.edited(Date.now());
    this.#report();
  };

  #loadedFromDevice(kept: IndexeddbPersistence | null): void {
    this.#kept = kept;
    if (kept === null) return;
    this.state.patch({ kept: true, loaded: this.state.get().loaded || this.doc.store.clients.size > 0 });
  }

  readonly #sent = ({ address, kind }: Frame): void => {
    if (address === this.#provider.effectiveName && (kind === "step2" || kind === "update"))
      this.#ledger.sent(kind);
  };

  /** The socket is gone, or the server has ended this document on it. */
  #left(reason: string): void {
    this.state.patch({ synced: false });
    if (this.socket.state.get().phase === "open")
      this.state.patch({ denied: reason || "the server closed it." });
  }

  #received({ event }: onMessageParameters): void {
    const frame = readFrame(new Uint8Array(event.data));
    if (frame?.kind === "refused") this.#refused();
    if (frame?.kind !== "acknowledged") return;
    this.#ledger.acknowledged();
    this.#report();
  }

  /** What was refused once is refused with every handshake, and what is built on it, too: the document stays away. */
  #refused(): void {
    this.state.patch({ refused: true });
    this.#provider.detach();
  }

  #report(): void {
    const { unsent, since } = this.#ledger;
    const before = this.state.get();
    const saved = before.saved || (before.unsent > 0 && unsent === 0);
    this.state.patch({ unsent, since, saved });
  }
}
