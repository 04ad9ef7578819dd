import { Button, FileTrigger } from "react-aria-components";
import { useWorkspace } from "../project/context";
import { Icon } from "../ui/Icon";
import { useFileActions } from "./actions";
import { FileTree } from "./FileTree";

export function FilesPanel({ path }: { path: string | null }) {
  const { dialog, writable } = useWorkspace();
  return (
    <section className="panel files" aria-labelledby="files-title">
      <header className="panel-head">
        <h2 id="files-title">Files</h2>
        {writable && (
          <div className="actions tight">
            <Button
              className="icon-button"
              aria-label="New file"
              onPress={() => dialog.set({ kind: "new-file", folder: "" })}
            >
              <Icon name="plus" />
            </Button>
            <Button
              className="icon-button"
              aria-label="New folder"
              onPress={() => dialog.set({ kind: "new-folder", folder: "" })}
            >
              <Icon name="folder" />
            </Button>
            <ImportButton />
          </div>
        )}
      </header>
      <FileTree path={path} />
    </section>
  );
}

function ImportButton() {
  const actions = useFileActions();
  return (
    <FileTrigger
      acceptedFileTypes={[".zip", "application/zip"]}
      onSelect={(files) => files?.[0] && void actions.importZip(files[0])}
    >
      <Button className="icon-button" aria-label="Import ZIP">
        <Icon name="upload" />
      </Button>
    </FileTrigger>
  );
}
