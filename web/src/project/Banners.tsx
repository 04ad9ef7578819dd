import type { ReactElement } from "react";
import { Button } from "react-aria-components";
import { copyText, downloadText } from "../app/copy";
import { useStore } from "../app/store";
import { useFileActions } from "../files/actions";
import { baseName } from "../files/paths";
import type { Entry } from "../files/tree";
import { isNotable, LeaseBanner } from "../leases/LeaseBanner";
import { useStanding } from "../leases/useLeases";
import type { SyncedDocument } from "../sync/document";
import type { Status } from "../sync/status";
import { Banner } from "../ui/Banner";
import { useWorkspace } from "./context";

interface BannersProps {
  entry: Entry;
  document: SyncedDocument;
  status: Status;
  isDeleted: boolean;
  /** Why the file is too large to be edited, or null. */
  limit: string | null;
  onReset: () => void;
}

const MOST_BANNERS = 2;

/** The two most pressing things to know about this file. */
export function Banners({ entry, document, status, isDeleted, limit, onReset }: BannersProps) {
  const { refused, outdated, denied, kept, writable } = useStore(document.state);
  // Said once for all files, above them.
  const isAccessLost = useStore(useWorkspace().sync.access) === "none";
  const leased = useStanding({ lock_type: "file", resource_id: entry.path });
  const rescue = <Rescue name={baseName(entry.path)} document={document} />;
  const banners: (ReactElement | false)[] = [
    refused && (
      <Diverged
        key="refused"
        rescue={rescue}
        onReset={onReset}
        why="The server refused a change of yours, so this text differs from what everybody else sees."
      />
    ),
    outdated && (
      <Diverged
        key="outdated"
        rescue={rescue}
        onReset={onReset}
        why="The history of this file was reset while you were offline. Your text is only on this device."
      />
    ),
    isDeleted && <Deleted key="deleted" entry={entry} rescue={rescue} />,
    status.overdue && <Overdue key="overdue" unsent={status.unsent} kept={kept} rescue={rescue} />,
    !isDeleted && !isAccessLost && denied !== null && (
      <Denied key="denied" reason={denied} onRetry={() => document.rejoin()} />
    ),
    !isDeleted && isNotable(leased) && <LeaseBanner key="lease" path={entry.path} now={leased} />,
    limit !== null && (
      <Banner key="limit" tone="info">
        Read-only: {limit}.
      </Banner>
    ),
    !writable && !isDeleted && !isAccessLost && (
      <Banner key="viewer" tone="info">
        Read-only: you may read this file but not change it.
      </Banner>
    ),
  ];
  return <div className="banners">{banners.filter(Boolean).slice(0, MOST_BANNERS)}</div>;
}

/** Ways to keep a text that may otherwise be lost. */
function Rescue({ name, document }: { name: string; document: SyncedDocument }) {
  const text = () => document.doc.getText("content").toString();
  return (
    <>
      <Button className="button" onPress={() => void copyText(text())}>
        Copy my version
      </Button>
      <Button className="button" onPress={() => downloadText(name, text())}>
        Download
      </Button>
    </>
  );
}

function Diverged({ why, rescue, onReset }: { why: string; rescue: ReactElement; onReset: () => void }) {
  const actions = (
    <>
      {rescue}
      <Button className="button" onPress={onReset}>
        Open the server’s version
      </Button>
    </>
  );
  return (
    <Banner tone="bad" actions={actions}>
      {why}
    </Banner>
  );
}

function Deleted({ entry, rescue }: { entry: Entry; rescue: ReactElement }) {
  const { restore } = useFileActions();
  const actions = (
    <>
      <Button className="button" onPress={() => void restore(entry.id)}>
        Restore
      </Button>
      {rescue}
    </>
  );
  return (
    <Banner tone="warn" actions={actions}>
      {baseName(entry.path)} was deleted. What you see is its last text.
    </Banner>
  );
}

function Overdue({ unsent, kept, rescue }: { unsent: number; kept: boolean; rescue: ReactElement }) {
  return (
    <Banner tone="warn" actions={rescue}>
      {unsent} {unsent === 1 ? "change has" : "changes have"} not reached the server for over half a minute.{" "}
      {kept ? "They are kept on this device." : "Keep this page open, or save a copy."}
    </Banner>
  );
}

function Denied({ reason, onRetry }: { reason: string; onRetry: () => void }) {
  const retry = (
    <Button className="button" onPress={onRetry}>
      Try again
    </Button>
  );
  return (
    <Banner tone="warn" actions={retry}>
      This file is no longer kept in step: {reason}
    </Banner>
  );
}
