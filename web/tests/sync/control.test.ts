import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { afterClose, ControlChannel, controlUrl } from "../../src/sync/control";

/** A control socket to a server that says what the test wants. */
class FakeControl extends EventTarget {
  static all: FakeControl[] = [];
  readonly said: Record<string, unknown>[] = [];

  constructor(readonly url: string) {
    super();
    FakeControl.all.push(this);
  }

  static get last(): FakeControl {
    return FakeControl.all.at(-1) as FakeControl;
  }

  send(text: string): void {
    this.said.push(JSON.parse(text));
  }

  close(): void {}

  hear(message: object): void {
    this.dispatchEvent(Object.assign(new Event("message"), { data: JSON.stringify(message) }));
  }

  drop(code: number): void {
    this.dispatchEvent(Object.assign(new Event("close"), { code }));
  }

  welcome(session = "s1", more: object = {}): void {
    const times = { heartbeat_s: 15, resumed: false, gap: false, event_id: 10 };
    this.hear({
      type: "welcome",
      session_id: session,
      resume_token: `token of ${session}`,
      ...times,
      ...more,
    });
  }
}

let channel: ControlChannel;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", FakeControl);
  sessionStorage.clear();
  FakeControl.all = [];
  channel = new ControlChannel("acme");
});

afterEach(() => {
  channel.destroy();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const asked = () => new URL(FakeControl.last.url).searchParams;

test.each([
  [4401, true, { forget: true, back: "now" }],
  [4401, false, { forget: true, back: "never" }],
  [4403, true, { forget: false, back: "never" }],
  [4404, false, { forget: false, back: "never" }],
  [4409, false, { forget: true, back: "later" }],
  [1006, true, { forget: false, back: "later" }],
  [1013, false, { forget: false, back: "later" }],
] as const)("close code %i, coming back %j: %j", (code, isResuming, closing) => {
  expect(afterClose(code, isResuming)).toEqual(closing);
});

test("the address names the project, and what is needed to come back", () => {
  const place = { protocol: "https:", host: "a.example" } as Location;
  expect(controlUrl(place, "acme", null)).toBe("wss://a.example/control?project=acme");
  const back = controlUrl(place, "acme", { token: "a+b", after: 7 });
  expect(back).toBe("wss://a.example/control?project=acme&resume=a%2Bb&after=7");
});

test("a lost connection comes back as the same session, and hears what it has missed", async () => {
  FakeControl.last.welcome();
  expect(channel.state.get()).toEqual({ phase: "open", sessionId: "s1" });
  FakeControl.last.hear({ type: "lock_released", event_id: 12 });
  FakeControl.last.drop(1006);
  expect(channel.state.get()).toEqual({ phase: "waiting", sessionId: "s1" });
  await vi.advanceTimersByTimeAsync(1000);
  expect([asked().get("resume"), asked().get("after")]).toEqual(["token of s1", "12"]);
});

test("a page that is loaded again comes back, too", () => {
  FakeControl.last.welcome();
  channel.destroy();
  channel = new ControlChannel("acme");
  expect(asked().get("resume")).toBe("token of s1");
});

test("a session that is over is begun anew, without a wait", () => {
  FakeControl.last.welcome();
  FakeControl.last.drop(1006);
  channel.retryNow();
  FakeControl.last.drop(4401);
  expect(asked().has("resume")).toBe(false);
  FakeControl.last.welcome("s2");
  expect(channel.state.get().sessionId).toBe("s2");
});

test("who may not come in stays away until somebody tries again", async () => {
  FakeControl.last.drop(4403);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(FakeControl.all).toHaveLength(1);
  channel.retryNow();
  expect(FakeControl.all).toHaveLength(2);
});

test("says that it is alive, and hangs up on a server that is silent", async () => {
  const socket = FakeControl.last;
  socket.welcome();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(socket.said).toEqual([{ type: "ping" }]);
  socket.hear({ type: "pong" });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(socket.said).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(12_000);
  expect(FakeControl.all.length).toBeGreaterThan(1);
});

test("answers reach who asked, everything else the listeners", async () => {
  const heard = vi.fn();
  channel.listen(heard);
  FakeControl.last.welcome();
  const answer = channel.ask({ type: "lock_request" });
  const refusal = channel.ask({ type: "lock_request" });
  FakeControl.last.hear({ type: "lock_acquired", ref: "1" });
  FakeControl.last.hear({ type: "error", ref: "2", message: "No." });
  expect(await answer).toMatchObject({ type: "lock_acquired" });
  await expect(refusal).rejects.toThrow("No.");
  expect(heard.mock.calls.map(([message]) => message.type)).toEqual(["welcome"]);
});

test("a question ends with the connection", async () => {
  await expect(channel.ask({ type: "lock_request" })).rejects.toThrow("not connected");
  FakeControl.last.welcome();
  const answer = channel.ask({ type: "lock_request" });
  FakeControl.last.drop(1006);
  await expect(answer).rejects.toThrow("connection was lost");
});

test("a session that nobody could come back to is over as soon as it has begun", () => {
  const socket = FakeControl.last;
  channel.destroy();
  expect(socket.said).toEqual([]);
  socket.welcome();
  expect(socket.said).toEqual([{ type: "leave" }]);
});

test("a session that is known waits for its tab", () => {
  const socket = FakeControl.last;
  socket.welcome();
  channel.destroy();
  expect(socket.said).not.toContainEqual({ type: "leave" });
});
