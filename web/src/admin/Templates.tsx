import { useState } from "react";
import { Button } from "react-aria-components";
import { deleteTemplate, type Template } from "../api/access";
import { queryClient } from "../app/query";
import { showLength } from "../app/time";
import { toast } from "../app/toasts";
import { roleName } from "../app/words";
import { Resource, RuleWords } from "../policy/Rule";
import { useTemplates } from "../policy/useRoles";
import { ConfirmDialog } from "../ui/ConfirmDialog";
import { Loaded } from "../ui/Loaded";
import { Notice } from "../ui/Notice";
import { type Column, Table } from "../ui/Table";
import { TemplateDialog } from "./TemplateDialog";

type Asked = { what: "edit" | "delete"; template: Template } | { what: "new"; template: null };

/** Access that is put together once and applied to people in projects. */
export function Templates() {
  const templates = useTemplates();
  const [asked, setAsked] = useState<Asked | null>(null);
  const create = (
    <Button className="button primary" onPress={() => setAsked({ what: "new", template: null })}>
      New template
    </Button>
  );
  const close = () => setAsked(null);
  return (
    <>
      <div className="page-head">
        <h1>Templates</h1>
        {templates.data && templates.data.length > 0 && create}
      </div>
      <Loaded query={templates} what="templates">
        {(all) =>
          all.length === 0 ? (
            <Notice title="No templates yet" actions={create}>
              A template is a role and some extra access, applied to several people at once. Those who got it
              keep what they got when the template changes.
            </Notice>
          ) : (
            <Table label="Templates" columns={columns(setAsked)} rows={all} keyOf={({ name }) => name} />
          )
        }
      </Loaded>
      {asked?.what === "delete" && <Delete template={asked.template} onClose={close} />}
      {asked && asked.what !== "delete" && <TemplateDialog template={asked.template} onClose={close} />}
    </>
  );
}

function columns(ask: (asked: Asked) => void): readonly Column<Template>[] {
  return [
    {
      name: "Template",
      isRowHeader: true,
      cell: ({ name, description }) => (
        <span className="stack">
          {name}
          {description && <small className="mute">{description}</small>}
        </span>
      ),
    },
    { name: "Role", cell: ({ role }) => (role ? roleName(role) : <span className="mute">none</span>) },
    { name: "Extra access", cell: ({ grants }) => <GrantList grants={grants} /> },
    { name: "Lasts", cell: ({ lasts_s }) => (lasts_s ? showLength(lasts_s) : "no end") },
    {
      name: "",
      className: "row-actions",
      cell: (template) => (
        <>
          <Button
            className="button quiet"
            aria-label={`Edit ${template.name}`}
            onPress={() => ask({ what: "edit", template })}
          >
            Edit
          </Button>
          <Button
            className="button quiet"
            aria-label={`Delete ${template.name}`}
            onPress={() => ask({ what: "delete", template })}
          >
            Delete
          </Button>
        </>
      ),
    },
  ];
}

function GrantList({ grants }: { grants: Template["grants"] }) {
  if (grants.length === 0) return <span className="mute">none</span>;
  return (
    <ul className="stack">
      {grants.map(({ resource, actions, effect }) => (
        <li key={`${effect} ${resource} ${actions.join()}`}>
          <RuleWords effect={effect} actions={actions} /> <Resource glob={resource} />
        </li>
      ))}
    </ul>
  );
}

function Delete({ template: { name }, onClose }: { template: Template; onClose: () => void }) {
  async function remove() {
    await deleteTemplate(name);
    await queryClient.invalidateQueries({ queryKey: ["templates"] });
    toast(`The template ${name} is deleted.`);
  }
  return (
    <ConfirmDialog
      title={`Delete the template ${name}?`}
      submit="Delete"
      onClose={onClose}
      onConfirm={remove}
    >
      Those who got their access by it keep it.
    </ConfirmDialog>
  );
}
