import { expect, test, vi } from "vitest";
import { Store } from "../../src/app/store";

test("listeners hear of changes, and of nothing else", () => {
  const store = new Store({ a: 1, b: 2 });
  const listener = vi.fn();
  const stop = store.subscribe(listener);
  store.patch({ a: 1 });
  expect(listener).not.toHaveBeenCalled();
  store.patch({ a: 3 });
  expect(listener).toHaveBeenCalledOnce();
  expect(store.get()).toEqual({ a: 3, b: 2 });
  stop();
  store.set({ a: 0, b: 0 });
  expect(listener).toHaveBeenCalledOnce();
});
