import type { Action, Kind } from "../api";

const ROLES: Record<string, string> = {
  owner: "Owner",
  maintainer: "Maintainer",
  editor: "Editor",
  commenter: "Commenter",
  viewer: "Viewer",
  agent: "Agent",
  worker: "Worker",
  admin: "Administrator",
  guest: "Guest",
};

/** How a role is called on the page; a custom role by the name it was given. */
export const roleName = (role: string) => ROLES[role] ?? role;

export const KIND_NAMES: Record<Kind, string> = {
  person: "Person",
  terminal: "Terminal",
  agent: "Agent",
  worker: "Worker",
};

export const ACTIONS: readonly Action[] = ["read", "write", "execute", "delete", "admin"];

export const ACTION_NAMES: Record<Action, string> = {
  read: "Read",
  write: "Write",
  execute: "Run",
  delete: "Delete",
  admin: "Administer",
};

/** Several names as a list in words: "read, write and delete". */
export const listed = (words: readonly string[]) =>
  new Intl.ListFormat("en", { type: "conjunction" }).format(words);

/** "1 person", "2 people". */
export const counted = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`;
