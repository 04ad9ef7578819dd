import { useState } from "react";
import { putRole, type Role } from "../api/access";
import { queryClient } from "../app/query";
import { toast } from "../app/toasts";
import { roleName } from "../app/words";
import { type Draft, draftOf, isComplete, permissionOf } from "../policy/PermissionFields";
import { PermissionList } from "../policy/PermissionList";
import { inAnyProject, inProject } from "../policy/resources";
import { mayInherit } from "../policy/roles";
import { CheckField } from "../ui/Choices";
import { Field } from "../ui/Field";
import { FormDialog } from "../ui/FormDialog";

interface RoleDialogProps {
  roles: readonly Role[];
  /** Null makes a new one. */
  edited: Role | null;
  onClose: () => void;
}

export const NAME_HINT = "Small letters, digits and hyphens.";

/** Makes or edits a custom role. */
export function RoleDialog({ roles, edited, onClose }: RoleDialogProps) {
  const [name, setName] = useState(edited?.name ?? "");
  const [description, setDescription] = useState(edited?.description ?? "");
  const [inherits, setInherits] = useState<ReadonlySet<string>>(new Set(edited?.inherits));
  const [permissions, setPermissions] = useState<Draft[]>(() =>
    (edited?.permissions ?? []).map((permission) =>
      draftOf({ ...permission, resource: inProject(permission.resource) }),
    ),
  );

  async function save() {
    await putRole(name.trim(), {
      description: description.trim(),
      inherits: [...inherits],
      permissions: permissions
        .map(permissionOf)
        .map((permission) => ({ ...permission, resource: inAnyProject(permission.resource) })),
    });
    await queryClient.invalidateQueries({ queryKey: ["roles"] });
    toast(`The role ${name.trim()} is saved.`);
  }

  return (
    <FormDialog
      title={edited === null ? "New role" : `Edit ${edited.name}`}
      submit="Save"
      onClose={onClose}
      onSubmit={save}
      isDisabled={name.trim() === "" || !permissions.every(isComplete)}
      isWide
    >
      {edited === null && <Field label="Name" hint={NAME_HINT} value={name} onChange={setName} autoFocus />}
      <Field label="Description" value={description} onChange={setDescription} autoFocus={edited !== null} />
      <CheckField
        label="Inherits"
        values={inherits}
        onChange={setInherits}
        options={roles
          .filter((other) => mayInherit(roles, name, other.name))
          .map((other) => ({ id: other.name, name: roleName(other.name) }))}
      />
      <PermissionList value={permissions} onChange={setPermissions} />
    </FormDialog>
  );
}
