import { Button, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { useStore } from "../app/store";
import { useWorkspace, type Workspace } from "../project/context";
import { Icon } from "../ui/Icon";
import { isWhole, type Row, resourceName, standing } from "./leases";
import { type Owner, tell, useLeases, useOwnerOf } from "./useLeases";

/** One thing that can be done about a lease. */
export interface Action {
  label: string;
  run: () => void;
}

/** Longest time to wait in a queue that the server takes. */
export const LONGEST_WAIT_S = 600;

/** What can be done about one line of the list, the most likely first. */
export function LeaseActions({ row }: { row: Row }) {
  const actions = useRowActions(row);
  const name = resourceName(row.resource);
  const [first, ...more] = actions;
  if (first === undefined) return null;
  return (
    <span className="lease-actions">
      <Button className="button quiet" aria-label={`${first.label} ${name}`} onPress={first.run}>
        {first.label}
      </Button>
      {more.length > 0 && (
        <MenuTrigger>
          <Button className="icon-button" aria-label={`More for ${name}`}>
            <Icon name="more" />
          </Button>
          <Popover className="popover" placement="bottom end">
            <Menu className="menu" aria-label={`Actions for ${name}`}>
              {more.map(({ label, run }) => (
                <MenuItem key={label} className="menu-item" onAction={run}>
                  {label}
                </MenuItem>
              ))}
            </Menu>
          </Popover>
        </MenuTrigger>
      )}
    </span>
  );
}

function useRowActions(row: Row): Action[] {
  const workspace = useWorkspace();
  const { sessionId } = useStore(workspace.control.state);
  const ownerOf = useOwnerOf();
  const list = useLeases().data ?? { items: [], waiting: [] };
  const now = standing(row.resource, list, sessionId);
  const queueing = now.state === "waiting" ? [leaveAction(workspace, now.waiter)] : [];
  const { lease } = row;
  if (lease === null) return queueing;
  const owner = ownerOf(lease);
  if (owner !== "other") return [...ownActions(workspace, lease, owner), ...queueing];
  const waiting = now.state === "held" || now.state === "delay" ? waitActions(workspace, row.resource) : [];
  return [...queueing, ...waiting, ...holderActions(workspace, lease)];
}

type Held = NonNullable<Row["lease"]>;

function ownActions({ leases }: Workspace, lease: Held, owner: Owner): Action[] {
  const release = { label: "Release", run: () => tell(leases.release(lease)) };
  if (owner !== "this-tab") return [release];
  if (lease.state === "offered")
    return [
      { label: "Accept", run: () => tell(leases.accept(lease)) },
      { ...release, label: "Decline" },
    ];
  return [release, { label: "Renew", run: () => tell(leases.renew(lease)) }];
}

const leaveAction = ({ leases }: Workspace, waiter: Row["queue"][number]): Action => ({
  label: "Leave the queue",
  run: () => tell(leases.leaveQueue(waiter)),
});

function waitActions(
  { leases, writable, administersLeases }: Workspace,
  resource: Row["resource"],
): Action[] {
  if (!(isWhole(resource.lock_type) ? administersLeases : writable)) return [];
  const { lock_type, resource_id } = resource;
  const wanted = { lock_type, resource_id, mode: "x" as const, waitS: LONGEST_WAIT_S };
  return [{ label: "Wait", run: () => tell(leases.take(wanted)) }];
}

/** What concerns the holder. */
export function holderActions(workspace: Workspace, lease: Held): Action[] {
  if (lease.state === "delay") return [];
  const ask = { label: "Ask for it", run: () => tell(workspace.leases.askHolder(lease, lease.user)) };
  const takeAway = {
    label: "Take away…",
    run: () => workspace.leaseDialog.set({ kind: "take-away", lease }),
  };
  // Who may not take it may not ask for it.
  const mayAsk = isWhole(lease.lock_type) ? workspace.administersLeases : workspace.writable;
  return [...(mayAsk ? [ask] : []), ...(workspace.administersLeases ? [takeAway] : [])];
}
