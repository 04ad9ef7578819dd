import { useNavigate } from "@tanstack/react-router";
import { exportUrl } from "../api";
import { useStore } from "../app/store";
import { setTheme } from "../app/theme";
import { useFileActions } from "../files/actions";
import { baseName, parentOf } from "../files/paths";
import type { Entry } from "../files/tree";
import { useWorkspace } from "../project/context";

export interface Command {
  name: string;
  keys?: string;
  run: () => void;
}

/** What the command box offers now. */
export function useCommands(viewed: Entry | null): Command[] {
  const { aside, dialog, goToLine, leaseDialog, previewing, slug, writable } = useWorkspace();
  const isAside = useStore(aside);
  const navigate = useNavigate();
  const actions = useFileActions();
  const askForLine = useStore(goToLine);
  const isPreviewing = useStore(previewing);
  const folder = viewed === null ? "" : parentOf(viewed.path);

  const making: Command[] = [
    { name: "New file…", run: () => dialog.set({ kind: "new-file", folder }) },
    { name: "New folder…", run: () => dialog.set({ kind: "new-folder", folder }) },
  ];
  const changing = (entry: Entry): Command[] => [
    { name: `Rename ${baseName(entry.path)}…`, run: () => dialog.set({ kind: "rename", path: entry.path }) },
    { name: `Delete ${baseName(entry.path)}`, run: () => void actions.remove(entry.path) },
  ];
  const editing: Command[] = [
    // The editor takes the focus back first, and the dialog that closes gives it back once more.
    { name: "Go to line…", keys: "Ctrl G", run: () => setTimeout(() => askForLine?.(), 50) },
    {
      name: isPreviewing ? "Hide the preview" : "Show the preview",
      run: () => previewing.set(!isPreviewing),
    },
  ];
  const leasing: Command[] = [
    { name: "Take a lease…", run: () => leaseDialog.set({ kind: "take", resource: null }) },
  ];
  return [
    ...(writable ? [...making, ...leasing] : []),
    ...(writable && viewed !== null ? changing(viewed) : []),
    ...(askForLine === null ? [] : editing),
    { name: "Leases", run: () => void navigate({ to: "/p/$slug/leases", params: { slug } }) },
    {
      name: isAside ? "Hide people and leases" : "Show people and leases",
      keys: "Ctrl J",
      run: () => aside.set(!isAside),
    },
    { name: "Download the project as ZIP", run: () => location.assign(exportUrl(slug)) },
    { name: "Theme: light", run: () => setTheme("light") },
    { name: "Theme: dark", run: () => setTheme("dark") },
    { name: "Theme: as the system", run: () => setTheme("system") },
    { name: "All projects", run: () => void navigate({ to: "/" }) },
  ];
}
