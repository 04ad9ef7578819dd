import { Store } from "../app/store";
import { readMessage, type ServerMessage, type Welcome } from "./controlMessages";
import { backoff } from "./socket";

/** `refused`: the server has closed the door for good, until something changes. */
export interface ControlState {
  phase: "connecting" | "open" | "waiting" | "refused";
  /** The session of this tab, also while it is away for a moment. */
  sessionId: string | null;
}

/** With what a tab comes back as the session that it was: kept for as long as the tab lives. */
export interface Memory {
  token: string;
  /** The newest event that is known. */
  after: number;
}

/** What to do when the socket has been closed. */
export interface Closing {
  /** The session of before is lost: come back as a new one. */
  forget: boolean;
  back: "now" | "later" | "never";
}

const UNAUTHENTICATED = 4401;
const TAKEN = 4409;
/** Bad request, forbidden, no such project: trying again would be answered the same. */
const FINAL: ReadonlySet<number> = new Set([4400, 4403, 4404]);

const LEAVE = JSON.stringify({ type: "leave" });
const LOOK_MS = 5000;
const ANSWER_MS = 8000;
const FIRST_HEARTBEAT_S = 15;

/** What a close code asks for; a resume token that is refused is no reason to stay away. */
export function afterClose(code: number, isResuming: boolean): Closing {
  if (code === UNAUTHENTICATED) return { forget: true, back: isResuming ? "now" : "never" };
  if (code === TAKEN) return { forget: true, back: "later" };
  return { forget: false, back: FINAL.has(code) ? "never" : "later" };
}

export function controlUrl({ protocol, host }: Location, slug: string, memory: Memory | null): string {
  const query = new URLSearchParams({ project: slug });
  if (memory !== null) {
    query.set("resume", memory.token);
    query.set("after", String(memory.after));
  }
  return `${protocol === "https:" ? "wss" : "ws"}://${host}/control?${query}`;
}

/** The server did not take a message. */
export class ControlError extends Error {
  override name = "ControlError";
}

interface Question {
  resolve: (answer: ServerMessage) => void;
  reject: (error: Error) => void;
}

/** A session: this tab in one project. It says that it is alive, asks for leases, and hears what happens.
 *
 * A connection that is lost comes back as the same session, with its leases, for two minutes.
 */
export class ControlChannel {
  readonly state = new Store<ControlState>({ phase: "connecting", sessionId: null });
  readonly #key: string;
  readonly #listeners = new Set<(message: ServerMessage) => void>();
  readonly #questions = new Map<string, Question>();
  readonly #looking: ReturnType<typeof setInterval>;
  #socket: WebSocket | null = null;
  #memory: Memory | null;
  #isResuming = false;
  #heartbeatMs = FIRST_HEARTBEAT_S * 1000;
  /** When something was said and heard last, in milliseconds of `Date.now()`. */
  #saidAt = 0;
  #heardAt = 0;
  #attempt = 0;
  #count = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly slug: string) {
    this.#key = `atrium:control/${slug}`;
    this.#memory = recall(this.#key);
    this.#looking = setInterval(this.tick, LOOK_MS);
    addEventListener("online", this.retryNow);
    this.#connect();
  }

  /** Calls back with every message that is no answer to a question. */
  listen(listener: (message: ServerMessage) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The answer to a message; raises `ControlError` with the server's words, or when the connection is lost. */
  ask(message: { type: string } & Record<string, unknown>): Promise<ServerMessage> {
    if (this.state.get().phase !== "open")
      return Promise.reject(new ControlError("You are not connected; try again in a moment."));
    const id = String(++this.#count);
    this.#say({ ...message, id });
    return new Promise((resolve, reject) => this.#questions.set(id, { resolve, reject }));
  }

  /** Connects without waiting for the next attempt's time. */
  readonly retryNow = (): void => {
    const { phase } = this.state.get();
    if (phase === "waiting" || phase === "refused") this.#connect();
  };

  /** Says that the tab is alive when it is time to. Timers of a hidden tab hardly run: call this on other occasions, too. */
  readonly tick = (): void => {
    if (this.#socket === null) return;
    const now = Date.now();
    if (this.#heardAt < this.#saidAt && now - this.#saidAt > ANSWER_MS) this.#lost(this.#socket, 1006);
    else if (this.state.get().phase === "open" && now - this.#saidAt >= this.#heartbeatMs - LOOK_MS)
      this.#say({ type: "ping" });
  };

  /** Goes away. The session waits for its tab to come back: somebody who reloads the page keeps their leases.
   *
   * One whose token has not arrived yet waits for nobody: it is over as soon as it has begun.
   */
  destroy(): void {
    clearInterval(this.#looking);
    clearTimeout(this.#timer);
    removeEventListener("online", this.retryNow);
    const socket = this.#socket;
    this.#socket = null;
    if (this.#memory === null) socket?.addEventListener("message", () => socket.send(LEAVE), { once: true });
    else socket?.close();
    this.#rejectAll();
  }

  #connect(): void {
    clearTimeout(this.#timer);
    this.state.patch({ phase: "connecting" });
    this.#isResuming = this.#memory !== null;
    this.#saidAt = Date.now();
    const socket = new WebSocket(controlUrl(location, this.slug, this.#memory));
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#hear(socket, data));
    socket.addEventListener("close", ({ code }) => this.#lost(socket, code));
  }

  #say(message: object): void {
    this.#saidAt = Date.now();
    this.#socket?.send(JSON.stringify(message));
  }

  #hear(socket: WebSocket, data: unknown): void {
    const message = readMessage(data);
    if (socket !== this.#socket || message === null) return;
    this.#heardAt = Date.now();
    if (message.type === "welcome") this.#welcomed(message);
    else if (message.event_id !== undefined) this.#remember({ after: message.event_id });
    const question = this.#questions.get(message.ref ?? "");
    if (question === undefined) this.#tell(message);
    else if (message.type === "error") question.reject(new ControlError(message.message));
    else question.resolve(message);
    this.#questions.delete(message.ref ?? "");
  }

  #welcomed({ session_id, resume_token, heartbeat_s, resumed, gap, event_id }: Welcome): void {
    this.#attempt = 0;
    this.#isResuming = false;
    this.#heartbeatMs = heartbeat_s * 1000;
    // What was missed is told after the welcome, with numbers of its own.
    const known = resumed && !gap ? (this.#memory?.after ?? event_id) : event_id;
    this.#remember({ token: resume_token, after: known });
    this.state.set({ phase: "open", sessionId: session_id });
  }

  #tell(message: ServerMessage): void {
    for (const listener of [...this.#listeners]) listener(message);
  }

  #lost(socket: WebSocket, code: number): void {
    if (socket !== this.#socket) return;
    this.#socket = null;
    socket.close();
    this.#rejectAll();
    const { forget, back } = afterClose(code, this.#isResuming);
    if (forget) this.#forget();
    if (back === "now") this.#connect();
    else if (back === "never") this.state.patch({ phase: "refused" });
    else this.#wait();
  }

  #wait(): void {
    this.state.patch({ phase: "waiting" });
    this.#timer = setTimeout(this.retryNow, backoff(this.#attempt++, Math.random()));
  }

  #rejectAll(): void {
    const lost = new ControlError("The connection was lost; the list shows what has become of it.");
    for (const { reject } of this.#questions.values()) reject(lost);
    this.#questions.clear();
  }

  #remember(members: Partial<Memory>): void {
    this.#memory = { token: "", after: 0, ...this.#memory, ...members };
    try {
      sessionStorage.setItem(this.#key, JSON.stringify(this.#memory));
    } catch {
      // Then a reload begins a new session.
    }
  }

  #forget(): void {
    this.#memory = null;
    this.state.patch({ sessionId: null });
    try {
      sessionStorage.removeItem(this.#key);
    } catch {
      // Then nothing was remembered either.
    }
  }
}

function recall(key: string): Memory | null {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "null") as Memory | null;
  } catch {
    return null;
  }
}
