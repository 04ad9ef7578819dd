import { useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import * as api from "../api";
import { toast, toastError } from "../app/toasts";
import { useWorkspace } from "../project/context";
import { baseName, join, parentOf } from "./paths";

/** What can be done to the files of the open project. */
export function useFileActions() {
  const workspace = useWorkspace();
  const { slug } = workspace;
  const navigate = useNavigate();
  return useMemo(() => {
    const open = (path: string) => navigate({ to: "/p/$slug/f/$", params: { slug, _splat: path } });
    const edit = (path: string) => {
      workspace.focusNext = true;
      return open(path);
    };
    const changing = async <T>(change: Promise<T>): Promise<T> => {
      const done = await change;
      workspace.sync.refresh();
      return done;
    };
    return {
      /** Shows a file; the focus stays where it is. */
      open,
      /** Shows a file to type in it. */
      edit,
      createFile: async (path: string) => {
        await changing(api.createFile(slug, path));
        await edit(path);
      },
      createFolder: (path: string) => changing(api.createFolder(slug, path)),
      rename: (from: string, to: string) => changing(api.moveFile(slug, from, to)),
      moveInto: (folder: string, paths: string[]) => changing(moveInto(slug, folder, paths)),
      remove: (path: string) => changing(remove(slug, path)),
      restore: (id: string) => changing(api.restoreFiles(slug, [id])).catch(toastError),
      importZip: (archive: File) => changing(importZip(slug, archive)),
    };
  }, [workspace, slug, navigate]);
}

async function moveInto(slug: string, folder: string, paths: string[]) {
  const moves = paths.filter((path) => parentOf(path) !== folder && path !== folder);
  try {
    for (const from of moves) await api.moveFile(slug, from, join(folder, baseName(from)));
  } catch (error) {
    toastError(error);
    return;
  }
  if (moves.length === 0) return;
  const back = async () => {
    for (const from of moves) await api.moveFile(slug, join(folder, baseName(from)), from);
  };
  const what = moves.length === 1 ? baseName(moves[0] ?? "") : `${moves.length} items`;
  toast(`Moved ${what} to ${folder === "" ? "the top" : folder}.`, {
    label: "Undo",
    run: () => void back().catch(toastError),
  });
}

async function remove(slug: string, path: string) {
  try {
    const { deleted } = await api.deleteFile(slug, path);
    const ids = deleted.map((file) => file.id);
    const count = ids.length > 1 ? ` (${ids.length} items)` : "";
    toast(`Deleted ${baseName(path)}${count}.`, {
      label: "Undo",
      run: () => void api.restoreFiles(slug, ids).catch(toastError),
    });
  } catch (error) {
    toastError(error);
  }
}

async function importZip(slug: string, archive: File) {
  try {
    const { imported, skipped } = await api.importZip(slug, archive);
    toast(`${imported} files imported${skipped.length > 0 ? `, ${skipped.length} left out` : ""}.`);
  } catch (error) {
    toastError(error);
  }
}
