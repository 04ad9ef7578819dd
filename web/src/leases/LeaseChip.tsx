import { useNavigate } from "@tanstack/react-router";
import { Button, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { useWorkspace, type Workspace } from "../project/context";
import { Icon } from "../ui/Icon";
import { type Action, holderActions, LONGEST_WAIT_S } from "./LeaseActions";
import { placeInWords, resourceName, type Standing } from "./leases";
import { tell, useLeases, useStanding } from "./useLeases";

/** The branch that the project is about, and how things stand with its lease. */
const BRANCH = { lock_type: "git", resource_id: "main" };

export function LeaseChip() {
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const now = useStanding(BRANCH);
  const isKnown = useLeases().data !== undefined;
  const words = inWords(now);
  const all: Action = {
    label: "All leases",
    run: () => void navigate({ to: "/p/$slug/leases", params: { slug: workspace.slug } }),
  };
  if (!isKnown) return null;
  return (
    <MenuTrigger>
      <Button
        className="lease-chip"
        data-state={now.state}
        aria-label={`Branch ${BRANCH.resource_id} ${words}`}
      >
        <Icon name="branch" />
        <span className="lease-branch">{BRANCH.resource_id}</span>{" "}
        <span className="lease-state">{words}</span>
      </Button>
      <Popover className="popover" placement="bottom start">
        <Menu className="menu" aria-label={`Lease on ${resourceName(BRANCH)}`}>
          {[...actionsOf(workspace, now), all].map(({ label, run }) => (
            <MenuItem
              key={label}
              className={label === all.label ? "menu-item separated" : "menu-item"}
              onAction={run}
            >
              {label}
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

function inWords(now: Standing): string {
  switch (now.state) {
    case "yours":
      return "yours";
    case "offered":
      return "offered to you";
    case "waiting":
      return placeInWords(now.waiter.position);
    case "held":
      return `held by ${now.lease.user}`;
    case "delay":
      return "closed for a moment";
    default:
      return "free";
  }
}

function actionsOf(workspace: Workspace, now: Standing): Action[] {
  const { leases, writable } = workspace;
  const name = resourceName(BRANCH);
  const take = (label: string): Action => ({
    label,
    run: () => tell(leases.take({ ...BRANCH, mode: "x", waitS: LONGEST_WAIT_S })),
  });
  switch (now.state) {
    case "yours":
      return [
        { label: `Release ${name}`, run: () => tell(leases.release(now.lease)) },
        { label: "Renew", run: () => tell(leases.renew(now.lease)) },
      ];
    case "offered":
      return [{ label: `Accept ${name}`, run: () => tell(leases.accept(now.lease)) }];
    case "waiting":
      return [{ label: "Leave the queue", run: () => tell(leases.leaveQueue(now.waiter)) }];
    case "held":
    case "delay":
      return [...(writable ? [take(`Wait for ${name}`)] : []), ...holderActions(workspace, now.lease)];
    default:
      return writable ? [take(`Take ${name}`)] : [];
  }
}
