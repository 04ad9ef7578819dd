import { Store } from "../app/store";

export interface Notification {
  id: number;
  at: string;
  text: string;
  tone: "info" | "good" | "bad";
  isRead: boolean;
}

export type News = Pick<Notification, "text" | "tone">;

const KEPT = 50;

/** What happened to you without your doing, the newest first. What you did yourself is said by toasts. */
export class Notifications {
  readonly list = new Store<readonly Notification[]>([]);
  #count = 0;

  add(news: News): void {
    const added = { ...news, id: ++this.#count, at: new Date().toISOString(), isRead: false };
    this.list.set([added, ...this.list.get()].slice(0, KEPT));
  }

  markRead(): void {
    if (this.list.get().some(({ isRead }) => !isRead))
      this.list.set(this.list.get().map((one) => ({ ...one, isRead: true })));
  }

  clear(): void {
    this.list.set([]);
  }
}
