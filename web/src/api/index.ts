import { encodePath } from "../files/paths";
import { request, requestAll, send } from "./http";
import type { Deleted, DocumentInfo, FileItem, Imported, Moved, Project, Session, SignInWays } from "./types";

export { ApiError, Unreachable } from "./http";
export type * from "./types";

/** Where a project is, below `/api/v1`. */
export const projectUrl = (slug: string) => `/projects/${encodeURIComponent(slug)}`;
const filesUrl = (slug: string) => `${projectUrl(slug)}/files`;

export const getSession = () => request<Session>("GET", "/session");
export const signIn = (proof: { token: string } | { user: string; password: string }) =>
  send<Session>("POST", "/session", proof);
export const getSignInWays = () => request<SignInWays>("GET", "/sign-in");
export const signOut = () => request<void>("DELETE", "/session");

export const getProject = (slug: string) => request<Project>("GET", projectUrl(slug));
export const createProject = (slug: string, name: string) =>
  send<Project>("POST", "/projects", { slug, name });

/** All projects you may see, in the server's order. */
export const listProjects = () => requestAll<Project>("/projects");

export const getDocument = (name: string) => request<DocumentInfo>("GET", `/documents/${encodePath(name)}`);

/** Where a file's bytes are, for `<img>` and downloads. */
export const fileUrl = (slug: string, path: string) => `/api/v1${filesUrl(slug)}/${encodePath(path)}`;
export const exportUrl = (slug: string) => `/api/v1${filesUrl(slug)}:export`;

/** All files and folders of a project that you may see. */
export const listFiles = (slug: string) => requestAll<FileItem>(filesUrl(slug));

/** Creates an empty text file; raises `ApiError` 412 when there is one already. */
export const createFile = (slug: string, path: string) =>
  request<unknown>("PUT", `${filesUrl(slug)}/${encodePath(path)}`, {
    body: "",
    headers: { "If-None-Match": "*", "Content-Type": "text/plain; charset=utf-8" },
  });
export const createFolder = (slug: string, path: string) =>
  send<unknown>("POST", `${filesUrl(slug)}:mkdir`, { path });
export const moveFile = (slug: string, from: string, to: string) =>
  send<Moved>("POST", `${filesUrl(slug)}:move`, { from, to });
export const deleteFile = (slug: string, path: string) =>
  request<Deleted>("DELETE", `${filesUrl(slug)}/${encodePath(path)}`);
export const restoreFiles = (slug: string, ids: string[]) =>
  send<unknown>("POST", `${filesUrl(slug)}:restore`, { ids });
export const importZip = (slug: string, archive: Blob) =>
  request<Imported>("POST", `${filesUrl(slug)}:import`, {
    body: archive,
    headers: { "Content-Type": "application/zip" },
  });
