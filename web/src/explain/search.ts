import type { Action } from "../api";
import { ACTIONS } from "../app/words";

/** The question as it stands in the address, so that it can be sent to somebody. */
export interface ExplainSearch {
  user?: string;
  action?: Action;
  project?: string;
  resource?: string;
}

const isAction = (value: unknown): value is Action => ACTIONS.some((action) => action === value);

export function readExplainSearch(search: Record<string, unknown>): ExplainSearch {
  const text = (name: "user" | "project" | "resource") =>
    typeof search[name] === "string" ? { [name]: search[name] } : {};
  return {
    ...text("user"),
    ...text("project"),
    ...text("resource"),
    ...(isAction(search.action) && { action: search.action }),
  };
}
