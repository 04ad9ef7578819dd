import { useEffect, useState } from "react";
import { Button } from "react-aria-components";
import type { Filter } from "../api/audit";
import { useProjects } from "../app/query";
import { fromLocalInput } from "../app/time";
import { SelectField } from "../ui/Choices";
import { Field } from "../ui/Field";

interface FilterBarProps {
  value: Filter;
  onChange: (filter: Filter) => void;
  hasProjects: boolean;
}

interface Typed {
  q: string;
  actor: string;
  action: string;
  outcome: "" | "done" | "denied" | "failed";
  project: string;
  since: string;
  until: string;
}

const EMPTY: Typed = { q: "", actor: "", action: "", outcome: "", project: "", since: "", until: "" };
const PAUSE_MS = 300;
const SERVER_ALONE = "-";

const OUTCOMES = [
  ["", "Any"],
  ["done", "Done"],
  ["denied", "Denied"],
  ["failed", "Failed"],
] as const;

/** What is asked for, without what is empty; moments as the server takes them. */
export function toFilter({ since, until, ...rest }: Typed): Filter {
  const all = { ...rest, since: fromLocalInput(since) ?? "", until: fromLocalInput(until) ?? "" };
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value.trim() === "" ? [] : [[name, value.trim()]])),
  );
}

/** Narrows the log; asks the server when the typing pauses. */
export function FilterBar({ value, onChange, hasProjects }: FilterBarProps) {
  const [typed, setTyped] = useState(EMPTY);
  const change = (members: Partial<Typed>) => setTyped({ ...typed, ...members });

  useEffect(() => {
    const next = toFilter(typed);
    if (JSON.stringify(next) === JSON.stringify(value)) return;
    const timer = setTimeout(() => onChange(next), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed, value, onChange]);

  return (
    <search className="filter-bar">
      <Field label="Text" type="search" value={typed.q} onChange={(q) => change({ q })} />
      <Field label="Who" value={typed.actor} onChange={(actor) => change({ actor })} />
      <Field label="Act" value={typed.action} onChange={(action) => change({ action })} />
      <SelectField
        label="Outcome"
        value={typed.outcome}
        options={OUTCOMES}
        onChange={(outcome) => change({ outcome })}
      />
      {hasProjects && <ProjectField value={typed.project} onChange={(project) => change({ project })} />}
      <Field label="From" type="datetime-local" value={typed.since} onChange={(since) => change({ since })} />
      <Field label="To" type="datetime-local" value={typed.until} onChange={(until) => change({ until })} />
      <Button className="button quiet" isDisabled={typed === EMPTY} onPress={() => setTyped(EMPTY)}>
        Clear
      </Button>
    </search>
  );
}

function ProjectField({ value, onChange }: { value: string; onChange: (slug: string) => void }) {
  const projects = useProjects();
  const options = (projects.data ?? []).map(({ slug, name }) => [slug, name] as const);
  return (
    <SelectField
      label="Project"
      value={value}
      options={[["", "All"], [SERVER_ALONE, "None: the server"], ...options]}
      onChange={onChange}
    />
  );
}
