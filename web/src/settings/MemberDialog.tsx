import { useState } from "react";
import { type Member, putMember } from "../api/access";
import { endOf, isUnfinished, lastingUntil } from "../app/lasting";
import { queryClient } from "../app/query";
import { toast } from "../app/toasts";
import { roleName } from "../app/words";
import { useRoleOptions } from "../policy/useRoles";
import { SelectField } from "../ui/Choices";
import { FormDialog } from "../ui/FormDialog";
import { LastingField } from "../ui/LastingField";
import { UserField } from "./UserField";

interface MemberDialogProps {
  slug: string;
  /** Null adds somebody. */
  member: Member | null;
  onClose: () => void;
}

/** Gives somebody a role, perhaps for a while. */
export function MemberDialog({ slug, member, onClose }: MemberDialogProps) {
  const [user, setUser] = useState(member?.user.id ?? "");
  const [role, setRole] = useState(member?.role ?? "editor");
  const [lasting, setLasting] = useState(lastingUntil(member?.until ?? null));
  const options = useRoleOptions();

  async function save() {
    await putMember(slug, user.trim(), role, endOf(lasting, Date.now()));
    await queryClient.invalidateQueries({ queryKey: ["members", slug] });
    toast(`${member?.user.name ?? user.trim()} is now ${roleName(role).toLowerCase()}.`);
  }

  return (
    <FormDialog
      title={member === null ? "Add somebody" : `Change ${member.user.name}`}
      submit={member === null ? "Add" : "Save"}
      onClose={onClose}
      onSubmit={save}
      isDisabled={user.trim() === "" || isUnfinished(lasting)}
    >
      {member === null && <UserField value={user} onChange={setUser} />}
      <SelectField label="Role" value={role} options={options} onChange={setRole} />
      <LastingField value={lasting} onChange={setLasting} />
    </FormDialog>
  );
}
