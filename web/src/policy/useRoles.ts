import { useQuery } from "@tanstack/react-query";
import { listRoles, listTemplates } from "../api/access";
import { roleName } from "../app/words";

export const useRoles = () => useQuery({ queryKey: ["roles"], queryFn: listRoles });

export const useTemplates = () => useQuery({ queryKey: ["templates"], queryFn: listTemplates });

const SHIPPED = ["owner", "maintainer", "editor", "commenter", "viewer", "agent", "worker"];

/** Administers the server; nobody has it in a project. */
const SERVER_ONLY = "admin";

/** The roles to choose from; those that ship with the server until it has said which it has. */
export function useRoleOptions(): [string, string][] {
  const roles = useRoles();
  const names = roles.data?.map((role) => role.name).filter((name) => name !== SERVER_ONLY) ?? SHIPPED;
  return names.map((name) => [name, roleName(name)]);
}
