import { useSyncExternalStore } from "react";

/** A value that changes, and those who want to know. Setting an equal value tells nobody. */
export class Store<T> {
  #value: T;
  readonly #listeners = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  readonly get = (): T => this.#value;

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Changes some members of an object value; nobody is told when they are the same. */
  patch(members: Partial<T>): void {
    const keys = Object.keys(members) as (keyof T)[];
    if (keys.some((key) => !Object.is(this.#value[key], members[key])))
      this.set({ ...this.#value, ...members });
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}

/** The store's value; the component renders again when it changes. */
export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, store.get);
}
