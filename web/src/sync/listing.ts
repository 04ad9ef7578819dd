import { ApiError, type FileItem } from "../api";

const ASK_AGAIN_MS = 10_000;

/** The files of a project as REST lists them, for somebody who may read only some and so has no tree document. */
export class Listing {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #turn = 0;

  /** `listed` gets the files now and every 10 s; `refused` is called when there are none to be seen any more. */
  constructor(
    private readonly ask: () => Promise<FileItem[]>,
    private readonly listed: (files: FileItem[]) => void,
    private readonly refused: () => void,
  ) {}

  get isRunning(): boolean {
    return this.#turn > 0;
  }

  /** Asks now, and from now on. What an earlier question is answered after this does not count. */
  start(): void {
    clearTimeout(this.#timer);
    this.#turn += 1;
    void this.#ask(this.#turn);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#turn = 0;
  }

  async #ask(turn: number): Promise<void> {
    const answer = await this.ask().catch((error: unknown) => error);
    if (turn !== this.#turn) return;
    if (Array.isArray(answer)) this.listed(answer);
    else if (answer instanceof ApiError && answer.status < 500 && answer.status !== 429) {
      this.stop();
      return this.refused();
    }
    this.#timer = setTimeout(() => void this.#ask(turn), ASK_AGAIN_MS);
  }
}
