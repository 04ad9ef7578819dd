import { createContext, useContext, useMemo } from "react";
import type { Project, Session } from "../api";
import type { Lease, Resource } from "../api/leases";
import { recall } from "../app/storage";
import { Store, useStore } from "../app/store";
import type { Entry } from "../files/tree";
import { LeaseDesk } from "../leases/desk";
import { Notifications } from "../notifications/notifications";
import type { ControlChannel } from "../sync/control";
import type { ProjectSync } from "../sync/project";

/** What the status bar says about the editor. */
export interface EditorInfo {
  line: number;
  column: number;
  selected: number;
  language: string;
}

/** The question that is asked about files right now. */
export type FileDialog =
  | { kind: "new-file" | "new-folder"; folder: string }
  | { kind: "rename"; path: string }
  | null;

/** The question that is asked about leases right now. */
export type LeaseDialog =
  | { kind: "take"; resource: Resource | null }
  | { kind: "take-away"; lease: Lease }
  | null;

/** Roles that come with the server and change no file. Of others the server decides, file by file. */
const READERS: ReadonlySet<string> = new Set(["viewer", "commenter", "worker"]);
/** Roles that come with the server and administer leases. */
const LEASE_ADMINISTRATORS: ReadonlySet<string> = new Set(["owner", "maintainer"]);

/** Wide enough for three columns, unless somebody has chosen otherwise. */
const ROOMY_PX = 1200;

/** One open project: what it holds and what its parts tell each other. */
export class Workspace {
  readonly dialog = new Store<FileDialog>(null);
  readonly leaseDialog = new Store<LeaseDialog>(null);
  readonly notifications = new Notifications();
  readonly leases: LeaseDesk;
  readonly palette = new Store(false);
  /** Whether people and leases show beside the file. */
  readonly aside = new Store(recall<boolean>("aside") ?? innerWidth >= ROOMY_PX);
  /** Asks the open editor for a line to go to; null while no text is open. */
  readonly goToLine = new Store<(() => void) | null>(null);
  readonly editorInfo = new Store<EditorInfo | null>(null);
  readonly previewing = new Store(false);
  /** The next editor takes the focus: the file was asked for by somebody who wants to type. */
  focusNext = false;

  constructor(
    readonly sync: ProjectSync,
    readonly control: ControlChannel,
    readonly project: Project,
    readonly session: Session,
  ) {
    this.leases = new LeaseDesk(project.slug, control);
  }

  get slug(): string {
    return this.project.slug;
  }

  get writable(): boolean {
    return !READERS.has(this.project.role);
  }

  /** May take leases away, and lease the whole project; of other roles the server decides. */
  get administersLeases(): boolean {
    return this.session.is_admin || LEASE_ADMINISTRATORS.has(this.project.role);
  }
}

export const WorkspaceContext = createContext<Workspace | null>(null);

export function useWorkspace(): Workspace {
  const workspace = useContext(WorkspaceContext);
  if (workspace === null) throw new Error("useWorkspace is for parts of the project page");
  return workspace;
}

/** The project's files and folders by path. */
export function useEntriesByPath(): ReadonlyMap<string, Entry> {
  const entries = useStore(useWorkspace().sync.entries);
  return useMemo(() => new Map([...entries.values()].map((entry) => [entry.path, entry])), [entries]);
}
