import type { Act } from "../api/audit";
import { Icon } from "../ui/Icon";
import { Moment } from "../ui/When";
import { actionInWords } from "./words";

/** One act: who did what when, and where unless that goes without saying; the rest unfolds. */
export function ActRow({ act, place }: { act: Act; place: string | null }) {
  return (
    <li>
      <details className="act" data-outcome={act.outcome}>
        <summary>
          <Icon name="chevron" />
          <span className="act-what">
            <strong>{act.actor.name}</strong> {actionInWords(act.action)}
            {act.resource && <code>{act.resource}</code>}
            {place && <span className="mute"> in {place}</span>}
          </span>
          {act.outcome !== "done" && <span className="tag bad">{act.outcome}</span>}
          <span className="mute act-when">
            <Moment at={act.at} />
          </span>
        </summary>
        <dl className="facts-list">
          {factsOf(act).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </details>
    </li>
  );
}

function factsOf(act: Act): [string, string][] {
  const facts: [string, string][] = [
    ["Number", String(act.seq)],
    ["Act", act.action],
    ["Who", `${act.actor.name} (${act.actor.kind}, ${act.actor.id})`],
    ["Address", act.address],
    ["Token", act.token_id],
    ...Object.entries(act.detail).map(([name, value]): [string, string] => [
      name.replaceAll("_", " "),
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
    ["Hash", act.hash],
  ];
  return facts.filter(([, value]) => value !== "");
}
