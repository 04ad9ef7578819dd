import { Link } from "@tanstack/react-router";
import { Button } from "react-aria-components";
import { showTime } from "../app/time";
import { useWorkspace } from "../project/context";
import { Icon } from "../ui/Icon";
import { Loaded } from "../ui/Loaded";
import { LeaseActions } from "./LeaseActions";
import { type Row, resourceTitle, rowsOf } from "./leases";
import { Queue } from "./Queue";
import { TimeLeft } from "./TimeLeft";
import { type Owner, useLeases, useOwnerOf } from "./useLeases";

/** What is leased, in short. */
export function LeasesPanel() {
  const { slug, writable, leaseDialog } = useWorkspace();
  const leases = useLeases();
  return (
    <section className="leases-panel" aria-labelledby="leases-title">
      <header className="panel-head">
        <h2 id="leases-title">
          <Link to="/p/$slug/leases" params={{ slug }}>
            Leases
          </Link>
        </h2>
        {writable && (
          <Button
            className="icon-button"
            aria-label="Take a lease"
            onPress={() => leaseDialog.set({ kind: "take", resource: null })}
          >
            <Icon name="plus" />
          </Button>
        )}
      </header>
      <Loaded query={leases} what="leases">
        {(list) => {
          const rows = rowsOf(list);
          if (rows.length === 0) return <p className="panel-note">Nothing is leased.</p>;
          return (
            <ul className="lease-list">
              {rows.map((row) => (
                <Item key={row.key} row={row} />
              ))}
            </ul>
          );
        }}
      </Loaded>
    </section>
  );
}

function Item({ row }: { row: Row }) {
  const { lease, queue, resource } = row;
  const ownerOf = useOwnerOf();
  return (
    <li className="lease-item">
      <div className="lease-line">
        <span className="lease-name">{resourceTitle(resource)}</span>
        <LeaseActions row={row} />
      </div>
      {lease && (
        <>
          <p className="mute">
            {holderInWords(lease, ownerOf(lease))}, since {showTime(lease.since)}
          </p>
          <TimeLeft lease={lease} />
        </>
      )}
      <Queue queue={queue} />
    </li>
  );
}

/** Who has a lease, and how, in words. */
function holderInWords({ state, user, mode }: NonNullable<Row["lease"]>, owner: Owner): string {
  if (state === "delay") return "Closed for a moment";
  const who = owner === "this-tab" ? "You" : owner === "you" ? `${user} (you, elsewhere)` : user;
  return [who, ...(state === "offered" ? ["offered"] : []), ...(mode === "s" ? ["shared"] : [])].join(", ");
}
