import { lazy, Suspense, useEffect, useState } from "react";
import { Button, ToggleButton } from "react-aria-components";
import { fileUrl } from "../api";
import { useStore } from "../app/store";
import { capabilities } from "../editor/limits";
import { baseName, extension } from "../files/paths";
import type { Entry } from "../files/tree";
import { BinaryView } from "../preview/BinaryView";
import type { Status } from "../sync/status";
import { Icon } from "../ui/Icon";
import { Notice, Skeleton } from "../ui/Notice";
import { Banners } from "./Banners";
import { useWorkspace } from "./context";

// Loads while the project connects, but not before the list of projects is shown.
const editor = import("../editor/Editor");
const Editor = lazy(() => editor);
const Preview = lazy(() => import("../preview/Preview"));

const PREVIEWED = new Set(["md", "markdown", "svg"]);
const SLOW_MS = 5000;

interface FilePageProps {
  path: string | null;
  entry: Entry | null;
  status: Status;
}

/** Whatever is at the address: a text in the editor, a picture, a folder, or nothing. */
export function FilePage({ path, entry, status }: FilePageProps) {
  const { sync } = useWorkspace();
  const listed = useStore(sync.listed);
  if (path === null)
    return <Notice title="Pick a file">Choose one on the left, or press Ctrl K and type its name.</Notice>;
  if (entry === null)
    return listed ? (
      <Notice title={`There is no ${baseName(path)}`}>
        It may have been deleted or moved to another name.
      </Notice>
    ) : (
      <Waiting onRetry={() => sync.tree.rejoin()} />
    );
  if (entry.kind === "directory")
    return <Notice title={baseName(entry.path)}>Choose a file in this folder.</Notice>;
  if (entry.kind === "binary") return <BinaryView entry={entry} />;
  return <TextFile entry={entry} status={status} />;
}

/** Content is on its way; after 5 s it says so. */
function Waiting({ onRetry }: { onRetry: () => void }) {
  const [waits, setWaits] = useState(1);
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    setSlow(false);
    const timer = setTimeout(() => setSlow(true), SLOW_MS * waits);
    return () => clearTimeout(timer);
  }, [waits]);
  if (!slow) return <Skeleton rows={12} label="Loading the file" />;
  return (
    <Notice
      title="This takes long"
      actions={
        <>
          <Button className="button primary" onPress={onRetry}>
            Retry
          </Button>
          <Button className="button" onPress={() => setWaits(waits + 1)}>
            Keep waiting
          </Button>
        </>
      }
    >
      The server has not sent the file yet.
    </Notice>
  );
}

function TextFile({ entry, status }: { entry: Entry; status: Status }) {
  const { sync, previewing } = useWorkspace();
  const [document, setDocument] = useState(() => sync.open(entry));
  const state = useStore(document.state);
  const isDeleted = !useStore(sync.entries).has(entry.id);
  const isPreviewing = useStore(previewing) && PREVIEWED.has(extension(entry.path));
  const limit = state.loaded ? capabilities(document.doc.getText("content").toString()).readOnly : null;

  useEffect(() => {
    if (!isDeleted && document.state.get().denied !== null) document.rejoin();
  }, [isDeleted, document]);

  if (!state.loaded && state.denied !== null)
    return (
      <Notice
        title={`${baseName(entry.path)} cannot be opened`}
        actions={
          <Button className="button primary" onPress={() => document.rejoin()}>
            Try again
          </Button>
        }
      >
        {state.denied}
      </Notice>
    );
  if (!state.loaded) return <Waiting onRetry={() => document.rejoin()} />;
  return (
    <>
      <FileHead entry={entry} />
      <Banners
        entry={entry}
        document={document}
        status={status}
        isDeleted={isDeleted}
        limit={limit}
        onReset={async () => setDocument(await sync.reset(entry))}
      />
      <div className={isPreviewing ? "split" : "unsplit"}>
        <Suspense fallback={<Skeleton rows={12} label="Loading the editor" />}>
          <Editor
            key={entry.id}
            document={document}
            entry={entry}
            isReadOnly={
              !state.writable ||
              state.denied !== null ||
              isDeleted ||
              limit !== null ||
              state.refused ||
              state.outdated
            }
          />
        </Suspense>
        {isPreviewing && (
          <Suspense fallback={<Skeleton rows={6} label="Loading the preview" />}>
            <Preview entry={entry} text={document.doc.getText("content")} />
          </Suspense>
        )}
      </div>
    </>
  );
}

function FileHead({ entry }: { entry: Entry }) {
  const { previewing, slug } = useWorkspace();
  const isPreviewing = useStore(previewing);
  const segments = entry.path.split("/");
  return (
    <header className="file-head">
      <ol className="breadcrumb" aria-label="Breadcrumb">
        {segments.map((segment, index) => (
          <li key={segments.slice(0, index + 1).join("/")}>{segment}</li>
        ))}
      </ol>
      <span className="spacer" />
      {PREVIEWED.has(extension(entry.path)) && (
        <ToggleButton
          className="button quiet"
          isSelected={isPreviewing}
          onChange={(selected) => previewing.set(selected)}
        >
          <Icon name="preview" /> Preview
        </ToggleButton>
      )}
      <a
        className="button quiet"
        href={fileUrl(slug, entry.path)}
        download={baseName(entry.path)}
        aria-label="Download"
      >
        <Icon name="download" /> <span className="wide-only">Download</span>
      </a>
    </header>
  );
}
