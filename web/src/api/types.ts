/** What the REST API sends and takes; see `/api/v1/docs`. Times are ISO 8601 in UTC. */

export type Kind = "person" | "terminal" | "agent";
export type Role = "owner" | "editor" | "viewer";

export interface User {
  id: string;
  name: string;
  /** Index of the identity colour, 0–11. */
  hue: number;
  kind: Kind;
}

export interface Session {
  user: User;
  is_admin: boolean;
  /** Nobody signed in: the server lets anybody use it with one role. */
  anonymous?: boolean;
}

export interface Project {
  id: string;
  slug: string;
  name: string;
  role: Role;
  created_at: string;
}

export interface DocumentInfo {
  name: string;
  id: number;
  /** Changes when the history was reset: what is stored on this device for another epoch must not be merged. */
  epoch: number;
  seq: number;
  writable: boolean;
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface Moved {
  moved: { id: string; from: string; to: string }[];
}

export interface Deleted {
  deleted: { id: string; path: string }[];
}

export interface Imported {
  imported: number;
  skipped: { path: string; reason: string }[];
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
