import { useState } from "react";
import { changeUser, createUser, signOutUser, type UserDetail } from "../api/accounts";
import { queryClient } from "../app/query";
import { toast } from "../app/toasts";
import { RadioField, SelectField } from "../ui/Choices";
import { ConfirmDialog } from "../ui/ConfirmDialog";
import { Field } from "../ui/Field";
import { FormDialog } from "../ui/FormDialog";

interface UserDialogProps {
  user: UserDetail;
  onClose: () => void;
}

const reload = () => queryClient.invalidateQueries({ queryKey: ["users"] });

type ServerRole = "" | "viewer" | "editor" | "owner" | "admin";
const SERVER_ROLES: readonly (readonly [ServerRole, string])[] = [
  ["", "None: only what projects give"],
  ["viewer", "Viewer of all projects"],
  ["editor", "Editor of all projects"],
  ["owner", "Owner of all projects"],
  ["admin", "Administrator of the server"],
];

const KINDS = [
  { id: "person", name: "Person", hint: "Signs in with a password, a provider or a link." },
  { id: "agent", name: "Agent", hint: "A program that edits like a person; uses keys." },
  { id: "worker", name: "Worker", hint: "A machine that runs jobs; uses keys." },
] as const;

/** Makes a person, an agent or a worker. */
export function NewUserDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [kind, setKind] = useState<(typeof KINDS)[number]["id"]>("person");
  const [password, setPassword] = useState("");
  const [role, setRole] = useState<ServerRole>("");

  async function create() {
    await createUser({
      name: name.trim(),
      kind,
      ...(kind === "person" && password !== "" && { password }),
      ...(role !== "" && { server_role: role }),
    });
    await reload();
    toast(`${name.trim()} has an account now.`);
  }

  return (
    <FormDialog
      title="New user"
      submit="Create"
      onClose={onClose}
      onSubmit={create}
      isDisabled={name.trim() === ""}
    >
      <Field label="Name" value={name} onChange={setName} autoFocus />
      <RadioField label="Kind" value={kind} onChange={setKind} options={KINDS} />
      {kind === "person" && (
        <Field
          label="Password (optional)"
          type="password"
          autoComplete="new-password"
          value={password}
          onChange={setPassword}
        />
      )}
      <SelectField label="Role on the server" value={role} options={SERVER_ROLES} onChange={setRole} />
    </FormDialog>
  );
}

/** Changes the name and the role on the server. */
export function ChangeUserDialog({ user, onClose }: UserDialogProps) {
  const [name, setName] = useState(user.name);
  const [role, setRole] = useState((user.server_role ?? "") as ServerRole);

  async function save() {
    await changeUser(user.id, {
      ...(name.trim() !== user.name && { name: name.trim() }),
      ...(role !== (user.server_role ?? "") && { server_role: role || null }),
    });
    await reload();
  }

  return (
    <FormDialog
      title={`Change ${user.name}`}
      submit="Save"
      onClose={onClose}
      onSubmit={save}
      isDisabled={name.trim() === ""}
    >
      <Field label="Name" value={name} onChange={setName} autoFocus />
      <SelectField label="Role on the server" value={role} options={SERVER_ROLES} onChange={setRole} />
    </FormDialog>
  );
}

/** Sets a password for somebody who has lost theirs. */
export function PasswordDialog({ user, onClose }: UserDialogProps) {
  const [password, setPassword] = useState("");

  async function save() {
    await changeUser(user.id, { password });
    await reload();
    toast(`${user.name} has a new password.`);
  }

  return (
    <FormDialog
      title={`Set a password for ${user.name}`}
      submit="Save"
      onClose={onClose}
      onSubmit={save}
      isDisabled={password === ""}
    >
      <Field
        label="New password"
        hint="Tell it to them by a safe way; they can change it on their account page."
        type="password"
        autoComplete="new-password"
        value={password}
        onChange={setPassword}
        autoFocus
      />
    </FormDialog>
  );
}

/** Ends all web sessions of somebody. */
export function SignOutDialog({ user, onClose }: UserDialogProps) {
  async function signOut() {
    await signOutUser(user.id);
    await reload();
    toast(`${user.name} is signed out everywhere.`);
  }
  return (
    <ConfirmDialog
      title={`Sign ${user.name} out everywhere?`}
      submit="Sign out"
      onClose={onClose}
      onConfirm={signOut}
    >
      Every browser of {user.name} is signed out and open editors are closed. They can sign in again.
    </ConfirmDialog>
  );
}

/** Takes all access from somebody, or gives it back. */
export function DisableDialog({ user, onClose }: UserDialogProps) {
  async function change() {
    await changeUser(user.id, { disabled: !user.disabled });
    await reload();
    toast(`${user.name} is ${user.disabled ? "enabled" : "disabled"}.`);
  }
  return (
    <ConfirmDialog
      title={user.disabled ? `Enable ${user.name}?` : `Disable ${user.name}?`}
      submit={user.disabled ? "Enable" : "Disable"}
      onClose={onClose}
      onConfirm={change}
    >
      {user.disabled
        ? "They can sign in again, with the roles they had."
        : "They can no longer sign in, their keys stop working, and what they have open is closed within a second. Their roles are kept."}
    </ConfirmDialog>
  );
}
