import { projectUrl } from ".";
import { request, withQuery } from "./http";
import type { Page, Schemas } from "./types";

/** One act of the log. */
export type Act = Schemas["EntryOut"];

export interface Filter {
  project?: string;
  actor?: string;
  action?: string;
  outcome?: string;
  since?: string;
  until?: string;
  q?: string;
}

/** The log of one project, or of the server and all projects. */
const logUrl = (slug: string | null) => (slug === null ? "/audit" : `${projectUrl(slug)}/audit`);

export const listActs = (slug: string | null, filter: Filter, cursor: string | null) =>
  request<Page<Act>>("GET", withQuery(logUrl(slug), { ...filter, limit: 50, cursor: cursor ?? undefined }));
export const exportActsUrl = (slug: string | null, filter: Filter, format: "csv" | "json") =>
  `/api/v1${withQuery(`${logUrl(slug)}:export`, { format, ...filter })}`;
export const verifyLog = () => request<Schemas["VerificationOut"]>("GET", "/audit:verify");
