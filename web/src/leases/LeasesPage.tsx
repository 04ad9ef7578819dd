import "../styles/admin.css";
import { Button } from "react-aria-components";
import { KIND_NAMES } from "../app/words";
import { useWorkspace } from "../project/context";
import { useSessions } from "../project/useSessions";
import type { LiveSession } from "../sync/sessions";
import { Loaded } from "../ui/Loaded";
import { Notice } from "../ui/Notice";
import { type Column, Table } from "../ui/Table";
import { When } from "../ui/When";
import { Who } from "../ui/Who";
import { LeaseActions } from "./LeaseActions";
import { isWhole, type Row, resourceName, resourceTitle, rowsOf, typeName } from "./leases";
import { Queue } from "./Queue";
import { TimeLeft } from "./TimeLeft";
import { type Owner, useLeases, useOwnerOf } from "./useLeases";

/** Everything that is leased in the project, who waits for it, and what can be done about it. */
export default function LeasesPage() {
  const { writable, leaseDialog } = useWorkspace();
  const leases = useLeases();
  const take = () => leaseDialog.set({ kind: "take", resource: null });
  return (
    <div className="leases-page">
      <div className="page-head">
        <h2>Leases</h2>
        {writable && (
          <Button className="button primary" onPress={take}>
            Take a lease
          </Button>
        )}
      </div>
      <Loaded query={leases} what="leases">
        {(list) => <LeaseTable rows={rowsOf(list)} />}
      </Loaded>
    </div>
  );
}

function LeaseTable({ rows }: { rows: Row[] }) {
  const ownerOf = useOwnerOf();
  const sessions = useSessions();
  if (rows.length === 0)
    return (
      <Notice title="Nothing is leased">
        Editing text needs no lease. Take one for what does not merge: a push to a branch, a database, a file
        that nobody else is to touch.
      </Notice>
    );
  return <Table label="Leases" columns={columns(ownerOf, sessions)} rows={rows} keyOf={({ key }) => key} />;
}

type OwnerOf = (lease: { session_id: string }) => Owner;

function columns(ownerOf: OwnerOf, sessions: readonly LiveSession[]): readonly Column<Row>[] {
  return [
    {
      name: "Resource",
      isRowHeader: true,
      cell: ({ resource }) => (isWhole(resource.lock_type) ? resourceTitle(resource) : shortName(resource)),
    },
    { name: "Type", cell: ({ resource }) => typeName(resource) },
    {
      name: "Holder",
      cell: ({ lease }) => lease && <Holder lease={lease} ownerOf={ownerOf} sessions={sessions} />,
    },
    {
      name: "Role",
      cell: ({ lease }) => roleInWords(sessions.find(({ id }) => id === lease?.session_id)?.role),
    },
    { name: "Since", cell: ({ lease }) => lease && <When at={lease.since} /> },
    { name: "Time left", className: "time-cell", cell: ({ lease }) => lease && <TimeLeft lease={lease} /> },
    { name: "Queue", cell: ({ queue }) => (queue.length > 0 ? <Queue queue={queue} /> : "nobody") },
    { name: "", className: "row-actions", cell: (row) => <LeaseActions row={row} /> },
  ];
}

const shortName = (resource: Row["resource"]) =>
  resource.lock_type === "file" ? resourceName(resource) : resource.resource_id;

/** "Primary" or "Secondary"; somebody without a session has no role. */
export const roleInWords = (role: string | undefined) =>
  role === undefined ? "none" : role === "primary" ? "Primary" : "Secondary";

interface HolderProps {
  lease: NonNullable<Row["lease"]>;
  ownerOf: OwnerOf;
  sessions: readonly LiveSession[];
}

function Holder({ lease, ownerOf, sessions }: HolderProps) {
  if (lease.state === "delay") return "closed for a moment";
  const session = sessions.find(({ id }) => id === lease.session_id);
  const owner = ownerOf(lease);
  const kind = session === undefined || session.user.kind === "person" ? [] : [KIND_NAMES[session.user.kind]];
  const notes = [
    ...(owner === "this-tab" ? ["you"] : owner === "you" ? ["you, elsewhere"] : kind),
    ...(lease.state === "offered" ? ["offered"] : []),
    ...(lease.mode === "s" ? ["shared"] : []),
  ].join(", ");
  if (session !== undefined) return <Who user={session.user} note={notes} />;
  return (
    <>
      {lease.user} <span className="mute">{notes}</span>
    </>
  );
}
