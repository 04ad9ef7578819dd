import { useState } from "react";
import type { User } from "../api";
import { applyTemplate, changeAccess } from "../api/access";
import { endOf, isUnfinished, NO_END } from "../app/lasting";
import { showLength } from "../app/time";
import { counted, listed, roleName } from "../app/words";
import { useRoleOptions, useTemplates } from "../policy/useRoles";
import { SelectField } from "../ui/Choices";
import { LastingField } from "../ui/LastingField";
import { PreviewDialog } from "./PreviewDialog";

interface BulkDialogProps {
  slug: string;
  people: readonly User[];
  onClose: () => void;
}

const namesOf = (people: readonly User[]) => listed(people.map(({ name }) => name));
const countOf = (people: readonly User[]) => counted(people.length, "person", "people");

/** One role for all of them. */
export function RoleDialog({ slug, people, onClose }: BulkDialogProps) {
  const [role, setRole] = useState("editor");
  const [lasting, setLasting] = useState(NO_END);
  const until = endOf(lasting, Date.now());
  const changes = people.map(({ id }) => ({
    op: "set_role" as const,
    user: id,
    role,
    ...(until !== null && { until }),
  }));
  return (
    <PreviewDialog
      slug={slug}
      title="Set role"
      submit={`Change ${countOf(people)}`}
      run={(dryRun) => changeAccess(slug, changes, dryRun)}
      isReady={!isUnfinished(lasting)}
      onClose={onClose}
    >
      <p className="lead">For {namesOf(people)}.</p>
      <SelectField label="Role" value={role} options={useRoleOptions()} onChange={setRole} />
      <LastingField value={lasting} onChange={setLasting} />
    </PreviewDialog>
  );
}

/** Takes the membership of all of them. */
export function RemoveDialog({ slug, people, onClose }: BulkDialogProps) {
  const changes = people.map(({ id }) => ({ op: "remove" as const, user: id }));
  return (
    <PreviewDialog
      slug={slug}
      title="Remove members"
      submit={`Remove ${countOf(people)}`}
      run={(dryRun) => changeAccess(slug, changes, dryRun)}
      isReady
      isHarmful
      onClose={onClose}
    >
      <p className="lead">
        {namesOf(people)} will no longer be {people.length === 1 ? "a member" : "members"}. Editors they have
        open are closed within a second.
      </p>
    </PreviewDialog>
  );
}

/** A role and extra access that were put together before. */
export function TemplateDialog({ slug, people, onClose }: BulkDialogProps) {
  const templates = useTemplates();
  const [chosen, setChosen] = useState<string | null>(null);
  const [lasting, setLasting] = useState(NO_END);
  const all = templates.data ?? [];
  const template = all.find(({ name }) => name === chosen) ?? all[0];
  const until = endOf(lasting, Date.now());
  const users = people.map(({ id }) => id);
  return (
    <PreviewDialog
      slug={slug}
      title="Apply a template"
      submit={`Apply to ${countOf(people)}`}
      run={(dryRun) =>
        applyTemplate(
          slug,
          { template: template?.name ?? "", users, ...(until !== null && { until }) },
          dryRun,
        )
      }
      isReady={template !== undefined && !isUnfinished(lasting)}
      onClose={onClose}
    >
      <p className="lead">For {namesOf(people)}.</p>
      {template === undefined ? (
        <p className="mute">
          {templates.isPending ? "Loading…" : "There are none. Administrators make them."}
        </p>
      ) : (
        <>
          <SelectField
            label="Template"
            value={template.name}
            options={all.map(({ name }) => [name, name] as const)}
            onChange={setChosen}
            hint={[
              template.description,
              template.role && `Role: ${roleName(template.role)}.`,
              template.grants.length > 0 && `Extra access: ${template.grants.length}.`,
              template.lasts_s && `Lasts ${showLength(template.lasts_s)} unless you say otherwise.`,
            ]
              .filter(Boolean)
              .join(" ")}
          />
          <LastingField value={lasting} onChange={setLasting} />
        </>
      )}
    </PreviewDialog>
  );
}
