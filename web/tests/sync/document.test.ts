import "fake-indexeddb/auto";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { SyncedDocument } from "../../src/sync/document";
import { DataSocket } from "../../src/sync/socket";
import { FakeSocket } from "./fakeSocket";

const NAME = "acme/files/a.md";

let socket: DataSocket;
let document: SyncedDocument;
let signedIn: boolean;

beforeEach(() => {
  signedIn = true;
  vi.stubGlobal("WebSocket", FakeSocket);
  socket = new DataSocket("ws://127.0.0.1/sync?heartbeat=2", async () => signedIn);
  document = new SyncedDocument(socket, NAME);
});

afterEach(() => {
  document.destroy();
  socket.destroy();
  vi.unstubAllGlobals();
});

const type = (text: string) => document.doc.getText("content").insert(0, text);
const unsent = () => document.state.get().unsent;

/** Connects, joins and settles the handshake. */
async function join(): Promise<FakeSocket> {
  socket.retryNow();
  await vi.waitFor(() => expect(FakeSocket.last.readyState).toBe(0));
  FakeSocket.last.open();
  document.join();
  await vi.waitFor(() => expect(document.state.get().synced).toBe(true));
  await vi.waitFor(() => expect(FakeSocket.last.receipts.length).toBeGreaterThan(0));
  FakeSocket.last.acknowledgeAll();
  return FakeSocket.last;
}

describe("a synced document", () => {
  test("counts an edit as unsent until the server acknowledges it", async () => {
    const server = await join();
    type("hello");
    expect(unsent()).toBe(1);
    expect(server.server.getText("content").toString()).toBe("hello");
    server.acknowledgeAll();
    expect(document.state.get()).toMatchObject({ unsent: 0, saved: true });
  });

  test("sends what was edited while away, once, and counts it until then", async () => {
    const server = await join();
    server.drop(1006);
    type("one");
    type("two");
    expect(unsent()).toBe(2);
    socket.retryNow();
    await vi.waitFor(() => expect(FakeSocket.last).not.toBe(server));
    FakeSocket.last.open();
    await vi.waitFor(() => expect(FakeSocket.last.server.getText("content").toString()).toBe("twoone"));
    expect(FakeSocket.last.receipts).toHaveLength(1);
    expect(unsent()).toBe(2);
    FakeSocket.last.acknowledgeAll();
    expect(unsent()).toBe(0);
  });

  test("says when the server refuses an edit", async () => {
    const server = await join();
    type("x");
    server.status(NAME, 0);
    expect(document.state.get()).toMatchObject({ refused: true, unsent: 1 });
    type("y");
    expect(server.server.getText("content").toString()).toBe("x");
  });

  test("does not count what others edited or what this device kept", async () => {
    await document.load("test/kept");
    const server = await join();
    type("kept");
    server.acknowledgeAll();
    document.destroy();
    document = new SyncedDocument(socket, NAME);
    await document.load("test/kept");
    expect(document.doc.getText("content").toString()).toBe("kept");
    expect(document.state.get()).toMatchObject({ unsent: 0, kept: true, loaded: true });
  });

  test("keeps its text and its unsent edits when its file is moved", async () => {
    const server = await join();
    document.rename("acme/files/b.md");
    type("moved");
    await vi.waitFor(() => expect(server.receipts.length).toBeGreaterThan(0));
    server.acknowledgeAll();
    await vi.waitFor(() => expect(unsent()).toBe(0));
    expect(server.server.getText("content").toString()).toBe("moved");
  });

  test("forgets what this device keeps of it", async () => {
    await document.load("test/forgotten");
    type("gone");
    await document.forget();
    document = new SyncedDocument(socket, NAME);
    await document.load("test/forgotten");
    expect(document.doc.getText("content").toString()).toBe("");
  });
});

describe("the data socket", () => {
  test("says when it will try again, and tries at once when asked", async () => {
    const server = await join();
    expect(socket.state.get().phase).toBe("open");
    server.drop(1006);
    const { phase, retryAt } = socket.state.get();
    expect(phase).toBe("waiting");
    expect(retryAt).toBeGreaterThan(Date.now());
    socket.retryNow();
    expect(socket.state.get()).toEqual({ phase: "connecting", retryAt: null });
  });

  test("stops for good when the server says that nobody is signed in", async () => {
    const server = await join();
    server.drop(4401);
    expect(socket.state.get().phase).toBe("signed-out");
  });

  test("asks whether the session is over when no connection comes about", async () => {
    signedIn = false;
    socket.retryNow();
    await vi.waitFor(() => expect(FakeSocket.last.readyState).toBe(0));
    FakeSocket.last.drop(1006);
    await vi.waitFor(() => expect(socket.state.get().phase).toBe("signed-out"));
  });
});
