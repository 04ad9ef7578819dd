import { useState } from "react";
import type { User } from "../api";
import { type Change, changeAccess } from "../api/access";
import { endOf, isUnfinished, NO_END } from "../app/lasting";
import { listed } from "../app/words";
import { isComplete, NEW_PERMISSION, PermissionFields, permissionOf } from "../policy/PermissionFields";
import { Field } from "../ui/Field";
import { LastingField } from "../ui/LastingField";
import { PreviewDialog } from "./PreviewDialog";
import { UserField } from "./UserField";

interface GrantDialogProps {
  slug: string;
  /** Null asks for somebody. */
  people: readonly User[] | null;
  onClose: () => void;
}

/** Gives people access to a part of the project, or denies it, perhaps for a while. */
export function GrantDialog({ slug, people, onClose }: GrantDialogProps) {
  const [user, setUser] = useState("");
  const [permission, setPermission] = useState(NEW_PERMISSION);
  const [lasting, setLasting] = useState(NO_END);
  const [reason, setReason] = useState("");
  const users = people?.map(({ id }) => id) ?? [user.trim()];
  const until = endOf(lasting, Date.now());
  const changes = users.map(
    (id): Change => ({
      op: "grant",
      user: id,
      ...permissionOf(permission),
      ...(until !== null && { until }),
      ...(reason.trim() !== "" && { reason: reason.trim() }),
    }),
  );
  return (
    <PreviewDialog
      slug={slug}
      title={people === null ? "Give access" : `Give access to ${listed(people.map(({ name }) => name))}`}
      submit={permission.effect === "allow" ? "Give access" : "Deny access"}
      run={(dryRun) => changeAccess(slug, changes, dryRun)}
      isReady={!users.includes("") && isComplete(permission) && !isUnfinished(lasting)}
      onClose={onClose}
    >
      {people === null && <UserField value={user} onChange={setUser} />}
      <PermissionFields value={permission} onChange={setPermission} />
      <LastingField value={lasting} onChange={setLasting} />
      <Field label="Reason" hint="It is kept in the audit log." value={reason} onChange={setReason} />
    </PreviewDialog>
  );
}
