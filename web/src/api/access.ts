import { projectUrl } from ".";
import { request, requestAll, send } from "./http";
import type { Action, Effect, Schemas } from "./types";

/** The server sends only these actions and effects; its description says no more than that they are texts. */
type Ruling<T> = Omit<T, "actions" | "effect"> & { actions: Action[]; effect: Effect };

export type Permission = Ruling<Schemas["PermissionOut"]>;
export type NewPermission = Required<Schemas["GrantBody"]>;
export type Role = Omit<Schemas["RoleOut"], "permissions"> & { permissions: Permission[] };
export type Member = Schemas["MemberOut"];
export type Grant = Ruling<Schemas["GrantOut"]>;
export type Change = Schemas["Bulk"]["changes"][number];
export type Template = Required<Omit<Schemas["TemplateOut"], "grants">> & { grants: NewPermission[] };
export type Question = Schemas["Question"];
export type Rule = Ruling<Schemas["RuleOut"]>;
export type Explanation = Omit<Schemas["ExplanationOut"], "rules"> & { rules: Rule[] };

/** A membership or a grant, before or after a change. */
export type State =
  | { role: string; until: string | null }
  | { effect: Effect; actions: Action[]; resource: string; until: string | null };

export interface BulkResult {
  applied: boolean;
  results: { op: string; user: string; before: State | null; after: State | null }[];
}

const named = (path: string, name: string) => `${path}/${encodeURIComponent(name)}`;

export const listRoles = () => requestAll<Role>("/roles");
export const putRole = (name: string, role: Schemas["NewRole"]) =>
  send<Role>("PUT", named("/roles", name), role);
export const deleteRole = (name: string) => request<void>("DELETE", named("/roles", name));

export const listMembers = (slug: string) => requestAll<Member>(`${projectUrl(slug)}/members`);
export const putMember = (slug: string, user: string, role: string, until: string | null) =>
  send<unknown>("PUT", named(`${projectUrl(slug)}/members`, user), {
    role,
    ...(until !== null && { until }),
  });
export const removeMember = (slug: string, user: string) =>
  request<void>("DELETE", named(`${projectUrl(slug)}/members`, user));

export const listGrants = (slug: string) => requestAll<Grant>(`${projectUrl(slug)}/grants`);
export const revokeGrant = (slug: string, id: string) =>
  request<void>("DELETE", named(`${projectUrl(slug)}/grants`, id));

/** All the changes or none; with `dryRun` only what they would do. */
export const changeAccess = (slug: string, changes: Change[], dryRun: boolean) =>
  send<BulkResult>("POST", `${projectUrl(slug)}/access:bulk`, { dry_run: dryRun, changes });

export const listTemplates = () => requestAll<Template>("/access-templates");
export const putTemplate = ({ name, ...template }: Template) =>
  send<Template>("PUT", named("/access-templates", name), template);
export const deleteTemplate = (name: string) => request<void>("DELETE", named("/access-templates", name));
export const applyTemplate = (slug: string, application: Schemas["Application"], dryRun: boolean) =>
  send<BulkResult>("POST", `${projectUrl(slug)}/access:apply-template`, {
    ...application,
    dry_run: dryRun,
  });

export const explain = (question: Question) => send<Explanation>("POST", "/access/explain", question);
