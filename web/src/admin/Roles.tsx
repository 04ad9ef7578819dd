import { useState } from "react";
import { Button } from "react-aria-components";
import { deleteRole, type Role } from "../api/access";
import { queryClient } from "../app/query";
import { toast } from "../app/toasts";
import { counted, roleName } from "../app/words";
import { Resource, RolePath, RuleWords } from "../policy/Rule";
import { type Branch, type Effective, effectivePermissions, inheritanceTree } from "../policy/roles";
import { useRoles } from "../policy/useRoles";
import { ConfirmDialog } from "../ui/ConfirmDialog";
import { Loaded } from "../ui/Loaded";
import { type Column, Table } from "../ui/Table";
import { RoleDialog } from "./RoleDialog";

/** Who inherits what, and what a role comes to. */
export function Roles() {
  const roles = useRoles();
  const [creating, setCreating] = useState(false);
  return (
    <>
      <div className="page-head">
        <h1>Roles</h1>
        <Button className="button primary" onPress={() => setCreating(true)}>
          New role
        </Button>
      </div>
      <Loaded query={roles} what="roles">
        {(all) => (
          <>
            <RoleBrowser roles={all} />
            {creating && <RoleDialog roles={all} edited={null} onClose={() => setCreating(false)} />}
          </>
        )}
      </Loaded>
    </>
  );
}

function RoleBrowser({ roles }: { roles: Role[] }) {
  const [chosen, setChosen] = useState<string | null>(null);
  const role = roles.find(({ name }) => name === chosen) ?? roles[0];
  return (
    <div className="roles">
      <section aria-labelledby="tree-title">
        <h2 id="tree-title">Who inherits what</h2>
        <p className="mute">A role has everything of the roles below it.</p>
        <Inherited branches={inheritanceTree(roles)} chosen={role?.name} onChoose={setChosen} />
      </section>
      {role && <RoleDetail key={role.name} role={role} roles={roles} />}
    </div>
  );
}

interface InheritedProps {
  branches: Branch[];
  chosen: string | undefined;
  onChoose: (name: string) => void;
}

function Inherited({ branches, chosen, onChoose }: InheritedProps) {
  return (
    <ul className="role-tree">
      {branches.map(({ role, inherited }) => (
        <li key={role.name}>
          <Button
            className="role-button"
            aria-current={role.name === chosen}
            onPress={() => onChoose(role.name)}
          >
            {roleName(role.name)}
            {!role.built_in && <span className="tag">custom</span>}
          </Button>
          {inherited.length > 0 && <Inherited branches={inherited} chosen={chosen} onChoose={onChoose} />}
        </li>
      ))}
    </ul>
  );
}

function RoleDetail({ role, roles }: { role: Role; roles: Role[] }) {
  const [dialog, setDialog] = useState<"edit" | "delete" | null>(null);
  const effective = effectivePermissions(roles, role.name);
  const close = () => setDialog(null);
  return (
    <section aria-labelledby="role-title">
      <div className="section-head">
        <h2 id="role-title">{roleName(role.name)}</h2>
        {role.built_in ? (
          <span className="mute">Comes with the server and cannot be changed.</span>
        ) : (
          <div className="actions">
            <Button className="button" onPress={() => setDialog("edit")}>
              Edit
            </Button>
            <Button className="button" onPress={() => setDialog("delete")}>
              Delete
            </Button>
          </div>
        )}
      </div>
      {role.description && <p>{role.description}</p>}
      <p className="mute">
        {counted(effective.length, "permission", "permissions")} in effect,{" "}
        {counted(role.permissions.length, "of them its own", "of them its own")}.
      </p>
      <Table
        label={`Permissions of ${roleName(role.name)}`}
        columns={COLUMNS}
        rows={effective}
        keyOf={({ permission, path }) => `${path.join("/")}/${permission.id}`}
      />
      {dialog === "edit" && <RoleDialog roles={roles} edited={role} onClose={close} />}
      {dialog === "delete" && <Delete role={role} onClose={close} />}
    </section>
  );
}

const COLUMNS: readonly Column<Effective>[] = [
  { name: "What", isRowHeader: true, cell: ({ permission }) => <Resource glob={permission.resource} /> },
  { name: "May", cell: ({ permission }) => <RuleWords {...permission} /> },
  {
    name: "From",
    cell: ({ path }) =>
      path.length === 1 ? <span className="mute">itself</span> : <RolePath path={path.slice(1)} />,
  },
];

function Delete({ role, onClose }: { role: Role; onClose: () => void }) {
  async function remove() {
    await deleteRole(role.name);
    await queryClient.invalidateQueries({ queryKey: ["roles"] });
    toast(`The role ${role.name} is deleted.`);
  }
  return (
    <ConfirmDialog
      title={`Delete the role ${role.name}?`}
      submit="Delete"
      onClose={onClose}
      onConfirm={remove}
    >
      A role that somebody has, or that another role inherits, cannot be deleted.
    </ConfirmDialog>
  );
}
