import type { Lease, Resource, Waiter } from "../api/leases";
import * as api from "../api/leases";
import { queryClient } from "../app/query";
import { type ControlChannel, ControlError } from "../sync/control";
import { isLockMessage, type LockMessage } from "../sync/controlMessages";
import { lookAgainMs, placeInWords, resourceName, resourceTitle } from "./leases";

const TTL_S = 300;

interface Known {
  state: { data?: api.LeaseList | undefined; error: Error | null };
}

/** What is leased in a project; asked again while nothing tells that it has become something else. */
export const leasesQuery = (slug: string) => ({
  queryKey: ["leases", slug],
  queryFn: () => api.listLeases(slug),
  refetchInterval: ({ state: { data, error } }: Known) =>
    lookAgainMs(error === null ? data : null, Date.now()),
});

export interface Wanted extends Resource {
  mode: "s" | "x";
  /** How long to wait in the queue, in seconds; 0 = not at all. */
  waitS: number;
}

/** What somebody does about leases, as the session of this tab. Everything returns a sentence that says what was done. */
export class LeaseDesk {
  constructor(
    private readonly slug: string,
    private readonly control: ControlChannel,
  ) {}

  /** Takes a lease, or a place in the queue for it. */
  async take({ lock_type, resource_id, mode, waitS }: Wanted): Promise<string> {
    const request = { lock_type, resource_id, mode, wait_s: waitS };
    const answer = await this.#changing(this.control.ask({ type: "lock_request", ...request }));
    if (!isLockMessage(answer)) throw new ControlError("The server answered something else.");
    if (answer.type === "lock_refused") throw new ControlError(this.#refusal(answer));
    if (answer.type === "lock_offered") await this.accept({ ...answer, fence: answer.fence ?? 0 });
    if (answer.type === "lock_queued")
      return `You wait for ${resourceName(answer)}: ${placeInWords(answer.position ?? 1)}.`;
    return `${resourceTitle(answer)} is yours.`;
  }

  /** Takes what was offered. */
  async accept({ lock_type, resource_id, fence }: Resource & { fence: number }): Promise<string> {
    await this.#changing(this.control.ask({ type: "lock_accept", lock_type, resource_id, fence }));
    return `${resourceTitle({ lock_type, resource_id })} is yours.`;
  }

  async release(lease: Lease): Promise<string> {
    await this.#changing(api.releaseLease(this.slug, lease));
    return `${resourceTitle(lease)} is free.`;
  }

  async renew(lease: Lease): Promise<string> {
    await this.#changing(api.extendLease(this.slug, lease, TTL_S));
    return `${resourceTitle(lease)} is yours for five more minutes.`;
  }

  async leaveQueue(waiter: Waiter): Promise<string> {
    await this.#changing(api.cancelWait(this.slug, waiter));
    return `You do not wait for ${resourceName(waiter)} any more.`;
  }

  /** Asks the holder to release it. */
  async askHolder({ lock_type, resource_id }: Resource, user: string): Promise<string> {
    await this.control.ask({ type: "lock_ask", lock_type, resource_id });
    return `${user} has been asked to release ${resourceName({ lock_type, resource_id })}.`;
  }

  async takeAway(lease: Lease, reason: string): Promise<string> {
    await this.#changing(api.stealLease(this.slug, lease, reason));
    return `${resourceTitle(lease)} was taken away from ${lease.user}.`;
  }

  /** Why it was refused, in words: whoever has it has a name. */
  #refusal(answer: LockMessage): string {
    const known = queryClient.getQueryData<api.LeaseList>(["leases", this.slug])?.items ?? [];
    const holder = known.find(({ session_id }) => session_id === answer.waits_for?.[0]);
    if (answer.code !== "lease.held" || holder === undefined)
      return answer.message ?? `${resourceTitle(answer)} cannot be leased now.`;
    return `${holder.user} has ${resourceName(holder)}. Wait for it, or ask them to release it.`;
  }

  /** The list is another one, whatever became of it. */
  async #changing<T>(change: Promise<T>): Promise<T> {
    try {
      return await change;
    } finally {
      void queryClient.invalidateQueries({ queryKey: ["leases", this.slug] });
    }
  }
}
