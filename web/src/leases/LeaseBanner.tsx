import { Button } from "react-aria-components";
import { showTime } from "../app/time";
import { useWorkspace } from "../project/context";
import { Banner } from "../ui/Banner";
import { LONGEST_WAIT_S } from "./LeaseActions";
import { placeInWords, resourceName, type Standing } from "./leases";
import { tell } from "./useLeases";

/** Whether a standing is worth a banner above the file. */
export const isNotable = ({ state }: Standing) => state !== "free" && state !== "delay";

/** Above a file: that it is leased, by whom, and what can be done about it. */
export function LeaseBanner({ path, now }: { path: string; now: Standing }) {
  const { leases, writable } = useWorkspace();
  const file = { lock_type: "file", resource_id: path };
  if (now.state === "yours")
    return (
      <Banner tone="info" actions={<Do label="Release" run={() => tell(leases.release(now.lease))} />}>
        You have leased this file until {showTime(now.lease.expires_at)}, longer while this page is open.
      </Banner>
    );
  if (now.state === "offered")
    return (
      <Banner tone="info" actions={<Do label="Accept" run={() => tell(leases.accept(now.lease))} />}>
        It is your turn: the lease of this file is offered to you.
      </Banner>
    );
  if (now.state === "waiting")
    return (
      <Banner
        tone="info"
        actions={<Do label="Leave the queue" run={() => tell(leases.leaveQueue(now.waiter))} />}
      >
        {now.lease !== null && `Leased by ${now.lease.user}. `}You are {placeInWords(now.waiter.position)}.
      </Banner>
    );
  if (now.state !== "held") return null;
  const { lease } = now;
  const what = lease.resource_id === path ? "" : ` (${resourceName(lease)})`;
  const wait = () => tell(leases.take({ ...file, mode: "x", waitS: LONGEST_WAIT_S }));
  const actions = writable && (
    <>
      <Do label="Wait" run={wait} />
      <Do label="Ask" run={() => tell(leases.askHolder(file, lease.user))} />
    </>
  );
  return (
    <Banner tone="info" actions={actions}>
      Leased by {lease.user} until {showTime(lease.expires_at)}
      {what}. What you type is still merged, but they do not expect it.
    </Banner>
  );
}

function Do({ label, run }: { label: string; run: () => void }) {
  return (
    <Button className="button" onPress={run}>
      {label}
    </Button>
  );
}
