import type { Lease } from "../api/leases";
import { useNow } from "../app/clock";
import { fullLength, remaining, resourceName } from "./leases";

/** The fences of leases that have been in view, and what their full bars stand for, in seconds. */
const lengths = new Map<number, number>();

/** How long a lease lasts unless its holder is heard of, as a bar and in words. */
export function TimeLeft({ lease }: { lease: Lease }) {
  const now = useNow();
  const end = Date.parse(lease.expires_at);
  const left = Math.max(0, (end - now) / 1000);
  const full = fullLength(left, lengths.get(lease.fence));
  lengths.set(lease.fence, full);
  const words = remaining(end, now);
  return (
    <span className="time-left" data-short={left < full / 5 || undefined}>
      <span>{words}</span>
      <progress
        max={Math.round(full)}
        value={Math.round(Math.min(left, full))}
        aria-label={`Time left of ${resourceName(lease)}`}
        aria-valuetext={words}
      />
    </span>
  );
}
