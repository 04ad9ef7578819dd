import type { FileItem, Project, User } from "../api";
import * as api from "../api";
import { recall, remember } from "../app/storage";
import { Store } from "../app/store";
import { type Entry, readEntries, readEntry } from "../files/tree";
import { SyncedDocument } from "./document";
import { Listing } from "./listing";
import { type Person, type Place, readPeople, readPlaces } from "./presence";
import { DataSocket } from "./socket";
import type { Facts } from "./status";

const ASK_AGAIN_MS = 2000;

export type Entries = ReadonlyMap<string, Entry>;

/** Which of the project's files one may read: all, by the tree document; some, as REST lists them; or none any more. */
export type Access = "all" | "some" | "none";

/** A project that is open in this page: one socket, its file tree, who is here, and the files that are open. */
export class ProjectSync {
  readonly entries = new Store<Entries>(new Map());
  /** The entries are known. */
  readonly listed = new Store(false);
  readonly access = new Store<Access>("all");
  readonly people = new Store<Person[]>([]);
  /** Where the sessions are that say so. */
  readonly places = new Store<ReadonlyMap<string, Place>>(new Map());
  /** Everything the connection sentence needs, but for the role. */
  readonly facts: Store<Omit<Facts, "readOnly">>;
  readonly socket: DataSocket;
  readonly tree: SyncedDocument;
  readonly #listing: Listing;
  readonly #files = new Map<string, SyncedDocument>();
  readonly #closing = new Set<string>();
  readonly #stops: (() => void)[] = [];

  constructor(
    readonly project: Project,
    readonly me: User,
  ) {
    this.socket = new DataSocket(socketUrl(), isSignedIn);
    this.facts = new Store(gatherFacts(this.socket, []));
    this.tree = this.#document(`${project.slug}/tree`, "tree");
    this.#listing = new Listing(
      () => api.listFiles(project.slug),
      (files) => this.#listedSome(files),
      () => this.access.set("none"),
    );
    this.#watchTree();
    this.#stops.push(this.socket.state.subscribe(this.#gather));
    for (const event of ["online", "offline"]) addEventListener(event, this.#gather);
    this.socket.retryNow();
  }

  /** The open document of a file; it is opened when it is not. */
  open(entry: Entry): SyncedDocument {
    this.#closing.delete(entry.id);
    const open = this.#files.get(entry.id);
    if (open !== undefined) return open;
    const opened = this.#document(this.#address(entry.path), entry.id);
    this.#files.set(entry.id, opened);
    return opened;
  }

  /** Leaves a file as soon as nothing of it is unsent. */
  close(id: string): void {
    this.#closing.add(id);
    this.#gather();
  }

  /** Opens a file anew from the server; what only this device has of it is lost. */
  async reset(entry: Entry): Promise<SyncedDocument> {
    await this.#files.get(entry.id)?.forget();
    this.#files.delete(entry.id);
    return this.open(entry);
  }

  /** The user has changed the files: a listing is asked for anew. The tree document needs no word. */
  refresh(): void {
    if (this.#listing.isRunning) this.#listing.start();
  }

  /** Tries again what was refused. */
  rejoin(): void {
    this.tree.rejoin();
    this.#rejoinFiles();
  }

  /** Tells the others which file you look at. */
  lookAt(path: string | null): void {
    this.tree.awareness.setLocalStateField("path", path);
  }

  /** Tells the others which session this tab is. */
  actAs(session: string | null): void {
    this.tree.awareness.setLocalStateField("session", session);
  }

  /** Whether closing the page now loses something. */
  wouldLoseEdits(): boolean {
    return [...this.#files.values()].some((file) => {
      const { unsent, kept } = file.state.get();
      return unsent > 0 && !kept;
    });
  }

  destroy(): void {
    for (const event of ["online", "offline"]) removeEventListener(event, this.#gather);
    for (const stop of this.#stops) stop();
    this.#listing.stop();
    for (const file of this.#files.values()) file.destroy();
    this.tree.destroy();
    this.socket.destroy();
  }

  #address(path: string): string {
    return `${this.project.slug}/files/${path}`;
  }

  #document(name: string, id: string): SyncedDocument {
    const document = new SyncedDocument(this.socket, name);
    this.#stops.push(document.state.subscribe(this.#gather));
    void this.#start(document, name, `${this.me.id}/${this.project.id}/${id}`);
    return document;
  }

  /** Edits of another epoch must not be merged: offline, the last known one must do, but joining waits for an answer. */
  async #start(document: SyncedDocument, name: string, key: string): Promise<void> {
    const known = recall<number>(`epoch/${key}`);
    let epoch = await askEpoch(name);
    const offline = epoch === "unreachable";
    if (offline && known !== null) await document.load(`${key}/${known}`);
    while (epoch === "unreachable" && !document.closed) {
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
      epoch = await askEpoch(name);
    }
    if (typeof epoch === "number") {
      remember(`epoch/${key}`, epoch);
      if (!offline || known === null) await document.load(`${key}/${epoch}`);
      else if (epoch !== known) return document.state.patch({ outdated: true });
    }
    document.join();
  }

  #watchTree(): void {
    const { doc, awareness } = this.tree;
    const readTree = () => this.#setEntries(readEntries(doc));
    const readPresence = () => {
      this.people.set(readPeople(awareness.getStates(), awareness.clientID, this.me));
      this.places.set(readPlaces(awareness.getStates()));
    };
    doc.on("update", readTree);
    awareness.on("change", readPresence);
    this.#stops.push(this.tree.state.subscribe(this.#checkAccess));
    awareness.setLocalState({ user: this.me, path: null, session: null });
    readPresence();
  }

  readonly #checkAccess = (): void => {
    const { denied, loaded, synced } = this.tree.state.get();
    if (synced) {
      this.#listing.stop();
      this.access.set("all");
    }
    if (loaded && this.access.get() === "all") this.listed.set(true);
    if (denied === null || this.#listing.isRunning) return;
    void this.socket.checkSession();
    this.#listing.start();
  };

  #listedSome(files: FileItem[]): void {
    const wasRefused = this.access.get() === "none";
    this.access.set("some");
    const entries = files.map((file) => readEntry(file.id, (name) => file[name as keyof FileItem]));
    this.#setEntries(new Map(entries.flatMap((entry) => (entry === null ? [] : [[entry.id, entry]]))));
    this.listed.set(true);
    if (wasRefused) this.#rejoinFiles();
  }

  #setEntries(entries: Entries): void {
    this.entries.set(entries);
    this.#followMoves();
  }

  #rejoinFiles(): void {
    for (const file of this.#files.values()) if (file.state.get().denied !== null) file.rejoin();
  }

  #followMoves(): void {
    for (const [id, file] of this.#files) {
      const entry = this.entries.get().get(id);
      if (entry !== undefined) file.rename(this.#address(entry.path));
    }
  }

  /** Ends the files that were closed and have nothing unsent. */
  #endClosed(): void {
    for (const id of this.#closing) {
      const file = this.#files.get(id);
      const { unsent, refused } = file?.state.get() ?? { unsent: 0, refused: false };
      if (unsent > 0 && !refused) continue;
      this.#closing.delete(id);
      this.#files.delete(id);
      file?.destroy();
    }
  }

  readonly #gather = (): void => {
    this.#endClosed();
    const documents = [this.tree, ...this.#files.values()];
    const before = this.facts.get();
    const facts = gatherFacts(this.socket, documents);
    this.facts.patch({ ...facts, opened: before.opened || facts.opened, saved: before.saved || facts.saved });
  };
}

function gatherFacts(socket: DataSocket, documents: SyncedDocument[]): Omit<Facts, "readOnly"> {
  const states = documents.map((document) => document.state.get());
  const { phase, retryAt } = socket.state.get();
  const since = Math.min(...states.map((state) => state.since ?? Number.POSITIVE_INFINITY));
  return {
    phase,
    retryAt,
    online: navigator.onLine,
    opened: phase === "open",
    unsent: states.reduce((sum, state) => sum + state.unsent, 0),
    since: Number.isFinite(since) ? since : null,
    saved: states.some((state) => state.saved),
    refused: states.some((state) => state.refused),
  };
}

function socketUrl(): string {
  const { protocol, host } = location;
  return `${protocol === "https:" ? "wss" : "ws"}://${host}/sync?heartbeat=2`;
}

/** The document's epoch; `refused` when the server has an answer but no document for you. */
const askEpoch = (name: string): Promise<number | "refused" | "unreachable"> =>
  api.getDocument(name).then(
    (info) => info.epoch,
    (error: unknown) => (error instanceof api.ApiError && error.status < 500 ? "refused" : "unreachable"),
  );

const isSignedIn = () =>
  api.getSession().then(
    () => true,
    (error: unknown) => !(error instanceof api.ApiError && error.status === 401),
  );
