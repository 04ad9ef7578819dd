import type { components } from "./schema";

/** What the REST API sends and takes, by the server's own names; see `/api/v1/docs`. Times are ISO 8601 in UTC. */
export type Schemas = components["schemas"];

export type Kind = Schemas["Kind"];
export type Action = Schemas["Action"];
export type Effect = Schemas["Effect"];
export type User = Schemas["UserOut"];
export type Session = Schemas["SessionOut"];
export type SignInWays = Schemas["SignInWays"];
export type Project = Schemas["ProjectOut"];
export type DocumentInfo = Schemas["DocumentDetail"];
export type FileItem = Schemas["FileItem"];
export type Moved = Schemas["Moved"];
export type Deleted = Schemas["Deleted"];
export type ProjectSession = Schemas["ProjectSessionOut"];
export type SessionRole = Schemas["SessionRole"];
export type Imported = Schemas["ImportResult"];

export interface Page<T> {
  items: T[];
  next_cursor?: string | null;
}

/** An error body (RFC 9457). */
export interface Problem {
  title: string;
  status: number;
  code: string;
  detail: string;
  retryable: boolean;
  errors?: { loc: (string | number)[]; msg: string }[];
}
