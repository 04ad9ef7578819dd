import { projectUrl } from ".";
import { request, requestAll, send, withQuery } from "./http";
import type { ProjectSession, Schemas } from "./types";

export type Lease = Schemas["LeaseOut"];
export type Waiter = Schemas["PlaceOut"];
/** What leases are about: a type of lock, and which one of it. */
export type Resource = Pick<Lease, "lock_type" | "resource_id">;

export interface LeaseList {
  items: Lease[];
  /** Everybody who waits, in their order. */
  waiting: Waiter[];
}

const leasesUrl = (slug: string) => `${projectUrl(slug)}/leases`;
const named = ({ lock_type, resource_id }: Resource) => ({ lock_type, resource_id });

/** All leases of a project that you may see. */
export async function listLeases(slug: string): Promise<LeaseList> {
  const all: LeaseList = { items: [], waiting: [] };
  let cursor: string | undefined;
  do {
    const page: Schemas["LeasePage"] = await request(
      "GET",
      withQuery(leasesUrl(slug), { limit: 200, cursor }),
    );
    all.items.push(...page.items);
    all.waiting.push(...page.waiting);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return all;
}

export const releaseLease = (slug: string, { lock_type, resource_id, fence }: Resource & { fence: number }) =>
  request<void>(
    "DELETE",
    `${leasesUrl(slug)}/${lock_type}/${encodeURIComponent(resource_id)}?fence=${fence}`,
  );
export const extendLease = (slug: string, lease: Lease, ttlS: number) =>
  send<Lease>("POST", `${leasesUrl(slug)}:extend`, { ...named(lease), fence: lease.fence, ttl_s: ttlS });
export const cancelWait = (slug: string, { session_id, ...waiter }: Waiter) =>
  send<void>("POST", `${leasesUrl(slug)}:cancel`, { ...named(waiter), session_id });
export const stealLease = (slug: string, resource: Resource, reason: string) =>
  send<Lease[]>("POST", `${leasesUrl(slug)}:steal`, { ...named(resource), reason });

/** The sessions in a project, the oldest first. */
export const listSessions = (slug: string) => requestAll<ProjectSession>(`${projectUrl(slug)}/sessions`);
