import type { Permission, Role } from "../api/access";

/** A role in the tree of who inherits what. */
export interface Branch {
  role: Role;
  inherited: Branch[];
}

/** A permission that a role has, by itself or through `path`, the roles from it to the one that states it. */
export interface Effective {
  permission: Permission;
  path: string[];
}

/** The roles that nobody inherits, each with those it inherits below it. A cycle is cut where it closes. */
export function inheritanceTree(roles: readonly Role[]): Branch[] {
  const byName = new Map(roles.map((role) => [role.name, role]));
  const inherited = new Set(roles.flatMap((role) => role.inherits));
  const branch = (role: Role, above: readonly string[]): Branch => ({
    role,
    inherited: role.inherits.flatMap((name) => {
      const next = byName.get(name);
      return next === undefined || above.includes(name) ? [] : [branch(next, [...above, role.name])];
    }),
  });
  return roles.filter(({ name }) => !inherited.has(name)).map((role) => branch(role, [role.name]));
}

/** All permissions of a role, its own first; each as often as there is a way to it, but no way twice. */
export function effectivePermissions(roles: readonly Role[], name: string): Effective[] {
  const byName = new Map(roles.map((role) => [role.name, role]));
  const collect = (current: string, path: string[]): Effective[] => {
    const role = byName.get(current);
    if (role === undefined || path.includes(current)) return [];
    const here = [...path, current];
    const own = role.permissions.map((permission) => ({ permission, path: here }));
    return [...own, ...role.inherits.flatMap((next) => collect(next, here))];
  };
  return collect(name, []);
}

/** Whether `name` could inherit `other`: not itself, and nothing that inherits it already. */
export function mayInherit(roles: readonly Role[], name: string, other: string): boolean {
  const byName = new Map(roles.map((role) => [role.name, role]));
  const reaches = (from: string, seen: ReadonlySet<string>): boolean => {
    if (from === name) return true;
    if (seen.has(from)) return false;
    return (byName.get(from)?.inherits ?? []).some((next) => reaches(next, new Set([...seen, from])));
  };
  return !reaches(other, new Set());
}
