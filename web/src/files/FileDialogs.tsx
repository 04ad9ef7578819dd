import { useMemo, useState } from "react";
import { useStore } from "../app/store";
import { type FileDialog, useWorkspace } from "../project/context";
import { Field } from "../ui/Field";
import { FormDialog } from "../ui/FormDialog";
import { useFileActions } from "./actions";
import { baseName, join, pathProblem } from "./paths";
import { takenPaths } from "./tree";

/** The dialog for a new file, a new folder or another name, whichever is asked for. */
export function FileDialogs() {
  const { dialog } = useWorkspace();
  const asked = useStore(dialog);
  return asked && <PathDialog asked={asked} onClose={() => dialog.set(null)} />;
}

function PathDialog({ asked, onClose }: { asked: NonNullable<FileDialog>; onClose: () => void }) {
  const actions = useFileActions();
  const entries = useStore(useWorkspace().sync.entries);
  const taken = useMemo(() => takenPaths(entries.values()), [entries]);
  const before = asked.kind === "rename" ? asked.path : join(asked.folder, "");
  const [path, setPath] = useState(before);
  const changed = path !== before;
  const problem =
    pathProblem(path) ?? (changed && taken.has(path) ? `${baseName(path)} exists already.` : null);

  async function submit() {
    if (asked.kind === "rename") await actions.rename(asked.path, path);
    else if (asked.kind === "new-file") await actions.createFile(path);
    else await actions.createFolder(path);
  }

  return (
    <FormDialog
      title={titleOf(asked)}
      submit={asked.kind === "rename" ? "Rename" : "Create"}
      onClose={onClose}
      onSubmit={submit}
      isDisabled={!changed || problem !== null}
    >
      <Field
        label="Path"
        hint="Slashes make folders, for example docs/notes.md"
        value={path}
        onChange={setPath}
        problem={changed ? problem : null}
        autoFocus
      />
    </FormDialog>
  );
}

function titleOf(asked: NonNullable<FileDialog>): string {
  if (asked.kind === "rename") return `Rename ${baseName(asked.path)}`;
  return asked.kind === "new-file" ? "New file" : "New folder";
}
