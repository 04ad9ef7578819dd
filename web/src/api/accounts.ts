import { projectUrl } from ".";
import { request, requestAll, send, withQuery } from "./http";
import type { Page, Schemas } from "./types";

/** A key, or a web session (`ses`). */
export type Token = Schemas["TokenOut"];
export type NewKey = Schemas["NewToken"];
export type Issued = Schemas["KeyOut"];
export type UserDetail = Schemas["UserDetail"];
export type Invitation = Schemas["InvitationOut"];
export type OfferedInvitation = Schemas["OfferOut"];

export const listTokens = () => requestAll<Token>("/tokens");
export const createKey = (key: NewKey) => send<Issued>("POST", "/tokens", key);
export const revokeToken = (id: string) => request<void>("DELETE", `/tokens/${encodeURIComponent(id)}`);
export const signOutEverywhere = () => request<void>("POST", "/session:end-all");
export const changePassword = (current: string | null, next: string) =>
  send<void>("PUT", "/session/password", { ...(current !== null && { current }), new: next });

/** Where the browser goes to link your account; from there it comes back to `next`. */
export const linkProvider = (next: string) => send<Schemas["LinkOut"]>("POST", "/oidc/link", { next });

const userUrl = (id: string) => `/users/${encodeURIComponent(id)}`;

export const listUsers = (q: string, cursor: string | null) =>
  request<Page<UserDetail>>("GET", withQuery("/users", { q, limit: 50, cursor: cursor ?? undefined }));
export const createUser = (user: Schemas["NewUser"]) => send<UserDetail>("POST", "/users", user);
export const changeUser = (id: string, change: Schemas["UserChange"]) =>
  send<UserDetail>("PATCH", userUrl(id), change);
export const signOutUser = (id: string) => request<void>("POST", `${userUrl(id)}:sign-out`);
export const createKeyFor = (id: string, key: Schemas["NewKey"]) =>
  send<Issued>("POST", `${userUrl(id)}/tokens`, key);

const invitationsUrl = (slug: string) => `${projectUrl(slug)}/invitations`;
const offerUrl = (token: string) => `/invitations/${encodeURIComponent(token)}`;

export const listInvitations = (slug: string) => requestAll<Invitation>(invitationsUrl(slug));
export const createInvitation = (slug: string, invitation: Schemas["NewInvitation"]) =>
  send<Schemas["IssuedInvitation"]>("POST", invitationsUrl(slug), invitation);
export const revokeInvitation = (slug: string, id: string) =>
  request<void>("DELETE", `${invitationsUrl(slug)}/${encodeURIComponent(id)}`);
export const getInvitation = (token: string) => request<OfferedInvitation>("GET", offerUrl(token));
export const acceptInvitation = (token: string, account: Schemas["Acceptance"]) =>
  send<Schemas["AcceptedOut"]>("POST", `${offerUrl(token)}:accept`, account);
