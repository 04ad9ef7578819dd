import type { Action, Effect } from "../api";
import { ACTION_NAMES, listed } from "../app/words";
import { conditionInWords } from "./conditions";
import { resourceInWords } from "./resources";

/** Actions in words: "read and write". */
export const actionsInWords = (actions: readonly Action[]) =>
  listed(actions.map((action) => ACTION_NAMES[action].toLowerCase()));

interface RuleProps {
  effect: Effect;
  actions: readonly Action[];
  conditions?: readonly string[];
}

/** What a rule says: allowed or denied (by word and colour), which actions, and under what conditions. */
export function RuleWords({ effect, actions, conditions = [] }: RuleProps) {
  return (
    <>
      <span className={effect === "allow" ? "tag effect good" : "tag effect bad"}>{effect}</span>{" "}
      {actionsInWords(actions)}
      {conditions.length > 0 && (
        <small className="block mute">if {listed(conditions.map(conditionInWords))}</small>
      )}
    </>
  );
}

/** A glob; in words beside it where there are some. */
export function Resource({ glob }: { glob: string }) {
  const words = resourceInWords(glob);
  return (
    <span className="resource">
      {glob && <code>{glob}</code>}
      {words && <small>{words}</small>}
    </span>
  );
}

/** How a role is reached: "owner › editor › viewer". */
export function RolePath({ path }: { path: readonly string[] }) {
  return <span>{path.join(" › ")}</span>;
}
