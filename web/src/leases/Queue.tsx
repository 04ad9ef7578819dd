import type { Waiter } from "../api/leases";
import { useOwnerOf } from "./useLeases";

/** Who waits, in their order. */
export function Queue({ queue }: { queue: readonly Waiter[] }) {
  const ownerOf = useOwnerOf();
  if (queue.length === 0) return null;
  return (
    <ol className="queue" aria-label="Waiting">
      {queue.map((waiter) => (
        <li key={waiter.session_id}>{ownerOf(waiter) === "this-tab" ? "You" : waiter.user}</li>
      ))}
    </ol>
  );
}
