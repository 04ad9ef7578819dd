import { useMutation } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useEffect, useState } from "react";
import { Button } from "react-aria-components";
import type { Project } from "../api";
import { explain, type Question } from "../api/access";
import { useProjects } from "../app/query";
import { ACTION_NAMES, ACTIONS } from "../app/words";
import { UserField } from "../settings/UserField";
import { SelectField } from "../ui/Choices";
import { Field } from "../ui/Field";
import { type ExplainSearch, readExplainSearch } from "./search";
import { Verdict } from "./Verdict";

/** Asks why somebody may do something or not: in one project, or (`project` null) anywhere. */
export function Explain({ project }: { project: Project | null }) {
  const asked = readExplainSearch(useSearch({ strict: false }));
  const navigate = useNavigate();
  const answer = useMutation({ mutationFn: explain, meta: { ownError: true } });
  const { mutate } = answer;
  const [question, setQuestion] = useState<ExplainSearch>(asked);
  const slug = project?.slug ?? question.project ?? "";

  const initial = useState(() => (asked.user ? toQuestion(asked, slug) : null))[0];
  useEffect(() => {
    if (initial !== null) mutate(initial);
  }, [initial, mutate]);

  function submit(event: FormEvent) {
    event.preventDefault();
    if (!question.user?.trim()) return;
    void navigate({ to: ".", search: question, replace: true });
    mutate(toQuestion(question, slug));
  }

  return (
    <>
      <div className="page-head">
        <h1>Explain</h1>
      </div>
      <p className="mute lead">Why may somebody do something, or why not?</p>
      <form className="question" onSubmit={submit}>
        <QuestionFields value={question} onChange={setQuestion} isAnywhere={project === null} />
        <Button type="submit" className="button primary">
          Explain
        </Button>
      </form>
      <div aria-live="polite">
        {answer.error && <p className="form-error">{answer.error.message}</p>}
        {answer.data && answer.variables && <Verdict question={answer.variables} explanation={answer.data} />}
      </div>
    </>
  );
}

interface QuestionFieldsProps {
  value: ExplainSearch;
  onChange: (value: ExplainSearch) => void;
  isAnywhere: boolean;
}

function QuestionFields({ value, onChange, isAnywhere }: QuestionFieldsProps) {
  const change = (members: ExplainSearch) => onChange({ ...value, ...members });
  return (
    <>
      <UserField value={value.user ?? ""} onChange={(user) => change({ user })} />
      <SelectField
        label="Action"
        value={value.action ?? "read"}
        options={ACTIONS.map((action) => [action, ACTION_NAMES[action]] as const)}
        onChange={(action) => change({ action })}
      />
      {isAnywhere && <ProjectField value={value.project ?? ""} onChange={(project) => change({ project })} />}
      <Field
        label="Resource"
        hint="file/src/main.py, job/42, members; empty is the project itself."
        value={value.resource ?? ""}
        onChange={(resource) => change({ resource })}
      />
    </>
  );
}

function ProjectField({ value, onChange }: { value: string; onChange: (slug: string) => void }) {
  const projects = useProjects();
  const options = (projects.data ?? []).map(({ slug, name }) => [slug, name] as const);
  return (
    <SelectField label="Where" value={value} options={[["", "The server"], ...options]} onChange={onChange} />
  );
}

function toQuestion({ user = "", action = "read", resource = "" }: ExplainSearch, slug: string): Question {
  return {
    user: user.trim(),
    action,
    ...(slug !== "" && { project: slug }),
    ...(resource.trim() !== "" && { resource: resource.trim() }),
  };
}
