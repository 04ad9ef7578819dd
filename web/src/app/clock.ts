import { useSyncExternalStore } from "react";

const TICK_MS = 1000;

let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(tick, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function tick(): void {
  now = Date.now();
  for (const listener of [...listeners]) listener();
}

function read(): number {
  // Nobody has kept it going: what shows the time first must not show an old one.
  if (timer === undefined) now = Date.now();
  return now;
}

/** The time in milliseconds, once a second; one timer for all who look. For small parts: each renders every second. */
export const useNow = () => useSyncExternalStore(subscribe, read);
