import type { ReactNode } from "react";
import type { Explanation, Question, Rule } from "../api/access";
import { ACTION_NAMES, counted } from "../app/words";
import { Resource, RolePath, RuleWords } from "../policy/Rule";
import { type Column, Table } from "../ui/Table";
import { Moment } from "../ui/When";

/** The answer in words: yes or no, by which rule, and which rules were looked at. */
export function Verdict({ question, explanation }: { question: Question; explanation: Explanation }) {
  const { allowed, reason, rule_id, role_path, near_miss, valid_until, rules } = explanation;
  return (
    <section className="verdict" data-allowed={allowed} aria-labelledby="verdict-title">
      <h2 id="verdict-title">{verdictInWords(question, allowed)}</h2>
      <p>{reason}</p>
      <dl className="facts-list">
        {rule_id && <Fact name="Deciding rule" value={<code>{rule_id}</code>} />}
        {role_path.length > 0 && <Fact name="Through" value={<RolePath path={role_path} />} />}
        {near_miss && <Fact name="Almost" value={near_miss} />}
        {valid_until && <Fact name="Holds until" value={<Moment at={valid_until} />} />}
      </dl>
      <Rules rules={rules} />
    </section>
  );
}

const ABOUT_OTHERS: ReadonlySet<string> = new Set(["another action", "another resource"]);

/** The rules that are about the question; those about other things are folded away. */
function Rules({ rules }: { rules: Rule[] }) {
  const about = rules.filter(({ why }) => !ABOUT_OTHERS.has(why));
  const others = rules.filter(({ why }) => ABOUT_OTHERS.has(why));
  return (
    <>
      <h3>Rules about this</h3>
      {about.length === 0 ? (
        <p className="mute">There is none. What nothing allows is denied.</p>
      ) : (
        <RuleTable label="Rules about this" rules={about} />
      )}
      {others.length > 0 && (
        <details className="other-rules">
          <summary>{counted(others.length, "rule", "rules")} about other things</summary>
          <RuleTable label="Rules about other things" rules={others} />
        </details>
      )}
    </>
  );
}

function RuleTable({ label, rules }: { label: string; rules: Rule[] }) {
  const rows = rules.map((rule, index) => ({ ...rule, key: `${index}` }));
  return <Table label={label} columns={COLUMNS} rows={rows} keyOf={({ key }) => key} />;
}

/** "Ada may write file/a.md in acme." */
export function verdictInWords({ user, action, resource, project }: Question, allowed: boolean): string {
  const where = project ? (resource ? `${resource} in ${project}` : `the project ${project}`) : resource;
  return `${user} ${allowed ? "may" : "may not"} ${ACTION_NAMES[action].toLowerCase()} ${where || "the server"}.`;
}

function Fact({ name, value }: { name: string; value: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

const COLUMNS: readonly Column<Rule>[] = [
  {
    name: "Rule",
    isRowHeader: true,
    cell: ({ source, role_path }) => (
      <span className="stack">
        {source}
        {role_path.length > 0 && (
          <small className="mute">
            <RolePath path={role_path} />
          </small>
        )}
      </span>
    ),
  },
  { name: "Says", cell: (rule) => <RuleWords effect={rule.effect} actions={rule.actions} /> },
  { name: "About", cell: ({ resource }) => <Resource glob={resource} /> },
  {
    name: "Counts",
    cell: ({ matches, why }) => (
      <>
        <strong>{matches ? "Yes" : "No"}</strong>
        {why && <small className="block mute">{why}</small>}
      </>
    ),
  },
];
