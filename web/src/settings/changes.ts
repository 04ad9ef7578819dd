import type { State } from "../api/access";
import { showMoment } from "../app/time";
import { roleName } from "../app/words";
import { actionsInWords } from "../policy/Rule";

/** What somebody has before or after a change, in words. */
export function stateInWords(state: State | null): string {
  if (state === null) return "nothing";
  const what = "role" in state ? roleName(state.role) : ruleInWords(state);
  return state.until === null ? what : `${what}, until ${showMoment(state.until)}`;
}

const ruleInWords = ({ effect, actions, resource }: Exclude<State, { role: string }>) =>
  `${effect} ${actionsInWords(actions)}${resource && ` ${resource}`}`;
