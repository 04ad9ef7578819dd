import { useState } from "react";
import { putTemplate, type Template } from "../api/access";
import { type Lasting, LENGTHS, NO_END } from "../app/lasting";
import { queryClient } from "../app/query";
import { showLength } from "../app/time";
import { toast } from "../app/toasts";
import { type Draft, draftOf, isComplete, permissionOf } from "../policy/PermissionFields";
import { PermissionList } from "../policy/PermissionList";
import { useRoleOptions } from "../policy/useRoles";
import { SelectField } from "../ui/Choices";
import { Field } from "../ui/Field";
import { FormDialog } from "../ui/FormDialog";
import { NAME_HINT } from "./RoleDialog";

/** Makes (null) or edits a template. */
export function TemplateDialog({ template, onClose }: { template: Template | null; onClose: () => void }) {
  const [name, setName] = useState(template?.name ?? "");
  const [description, setDescription] = useState(template?.description ?? "");
  const [role, setRole] = useState(template?.role ?? "");
  const [lasts, setLasts] = useState<Lasting["choice"]>(
    template?.lasts_s ? `${template.lasts_s}` : NO_END.choice,
  );
  const [grants, setGrants] = useState<Draft[]>(() => (template?.grants ?? []).map(draftOf));

  async function save() {
    await putTemplate({
      name: name.trim(),
      description: description.trim(),
      role: role || null,
      lasts_s: lasts === "" ? null : Number(lasts),
      grants: grants.map(permissionOf),
    });
    await queryClient.invalidateQueries({ queryKey: ["templates"] });
    toast(`The template ${name.trim()} is saved.`);
  }

  return (
    <FormDialog
      title={template === null ? "New template" : `Edit ${template.name}`}
      submit="Save"
      onClose={onClose}
      onSubmit={save}
      isDisabled={name.trim() === "" || !grants.every(isComplete)}
      isWide
    >
      {template === null && <Field label="Name" hint={NAME_HINT} value={name} onChange={setName} autoFocus />}
      <Field
        label="Description"
        value={description}
        onChange={setDescription}
        autoFocus={template !== null}
      />
      <SelectField
        label="Role"
        value={role}
        options={[["", "None"], ...useRoleOptions()]}
        onChange={setRole}
      />
      <SelectField label="Lasts" value={lasts} options={lengthOptions(lasts)} onChange={setLasts} />
      <PermissionList value={grants} onChange={setGrants} />
    </FormDialog>
  );
}

/** The usual lengths, and the one it has. */
function lengthOptions(present: Lasting["choice"]): [Lasting["choice"], string][] {
  const usual: [Lasting["choice"], string][] = [["", "Without an end"], ...LENGTHS];
  return usual.some(([length]) => length === present)
    ? usual
    : [...usual, [present, showLength(Number(present))]];
}
