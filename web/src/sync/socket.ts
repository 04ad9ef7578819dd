import { HocuspocusProviderWebsocket, type onCloseParameters } from "@hocuspocus/provider";
import { Store } from "../app/store";
import { readFrame } from "./wire";

/** `waiting` until `retryAt`, then `connecting`, then `open` with the first message of the server. */
export interface SocketState {
  phase: "connecting" | "open" | "waiting" | "signed-out";
  /** When the next attempt begins, in milliseconds of `Date.now()`. */
  retryAt: number | null;
}

/** The server sends something at least every 2 s on a socket with `heartbeat=2`; after 3 s of silence it is gone. */
const SILENCE_MS = 3000;
const FIRST_MESSAGE_MS = 8000;
const LONGEST_WAIT_MS = 15_000;
const UNAUTHENTICATED = 4401;
const FORBIDDEN = 4403;

/** How long to wait before attempt `n`, 0 for the first after a loss; `random` in [0, 1) keeps clients apart. */
export function backoff(attempt: number, random: number): number {
  return Math.min(LONGEST_WAIT_MS, 1000 * 2 ** attempt) * (0.5 + random / 2);
}

/** One socket for all documents of a project. It decides itself when to reconnect, so that it can say when.
 *
 * Emits `sent` with the `Frame` of everything that went out.
 */
export class DataSocket extends HocuspocusProviderWebsocket {
  readonly state = new Store<SocketState>({ phase: "connecting", retryAt: null });
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `isSignedIn` is asked when a connection or the project's tree is refused. */
  constructor(
    url: string,
    private readonly isSignedIn: () => Promise<boolean>,
  ) {
    super({ url, autoConnect: false, maxAttempts: 1, messageReconnectTimeout: SILENCE_MS });
    this.on("connect", () => this.#opened());
    addEventListener("online", this.retryNow);
  }

  /** Drops what cannot be sent now: the handshake after the next open carries it, and twice would be answered twice. */
  override send(message: Uint8Array): void {
    if (this.webSocket?.readyState !== WebSocket.OPEN) return;
    super.send(message);
    const frame = readFrame(message);
    if (frame !== null) this.emit("sent", frame);
  }

  readonly retryNow = (): void => {
    if (this.state.get().phase === "open") return;
    clearTimeout(this.#timer);
    this.state.set({ phase: "connecting", retryAt: null });
    this.#timer = setTimeout(() => this.onClose({ event: SILENT }), FIRST_MESSAGE_MS);
    void this.connect();
  };

  override onClose(closed: onCloseParameters): void {
    const { phase } = this.state.get();
    this.shouldConnect = false; // the base class would reconnect on its own
    clearTimeout(this.#timer);
    super.onClose(closed);
    if (phase === "signed-out") return;
    if (closed.event.code === UNAUTHENTICATED) this.#signedOut();
    else {
      // Other documents may still be open to you: those are wanted back without a wait.
      this.#wait(phase === "open" && closed.event.code === FORBIDDEN);
      if (phase !== "open") void this.checkSession();
    }
  }

  /** Gives up when the session is over. A refusal over the socket does not say so; the REST API does. */
  async checkSession(): Promise<void> {
    const signedIn = await this.isSignedIn().catch(() => true);
    if (!signedIn) this.#signedOut();
  }

  override destroy(): void {
    clearTimeout(this.#timer);
    removeEventListener("online", this.retryNow);
    super.destroy();
  }

  #opened(): void {
    clearTimeout(this.#timer);
    this.#attempt = 0;
    this.state.set({ phase: "open", retryAt: null });
  }

  #wait(isRefused: boolean): void {
    const delay = isRefused ? 0 : backoff(this.#attempt++, Math.random());
    this.state.set({ phase: "waiting", retryAt: Date.now() + delay });
    this.#timer = setTimeout(this.retryNow, delay);
  }

  #signedOut(): void {
    clearTimeout(this.#timer);
    this.state.set({ phase: "signed-out", retryAt: null });
    this.disconnect();
  }
}

const SILENT = { code: 4408, reason: "silent" };
