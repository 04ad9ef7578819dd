import type { Lease, LeaseList, Resource, Waiter } from "../api/leases";

export const LOCK_TYPES = ["git", "file", "database", "project", "exclusive"] as const;
export type LockType = (typeof LOCK_TYPES)[number];

export const TYPE_NAMES: Record<LockType, string> = {
  git: "Git branch",
  file: "File or folder",
  database: "Database",
  project: "Whole project",
  exclusive: "Everything",
};

const SHORT_NAMES: Record<string, string> = {
  git: "Git",
  file: "File",
  database: "Database",
  project: "Project",
  exclusive: "Exclusive",
};

export const typeName = ({ lock_type }: Resource) => SHORT_NAMES[lock_type] ?? lock_type;

/** There is one of these in a project: it needs no name. */
export const isWhole = (type: string) => type === "project" || type === "exclusive";

/** How a resource is called in a sentence. */
export function resourceName({ lock_type, resource_id }: Resource): string {
  if (lock_type === "project") return "the whole project";
  if (lock_type === "exclusive") return "everything";
  if (lock_type === "file") return resource_id === "/" ? "all files" : resource_id;
  return `${lock_type}:${resource_id}`;
}

/** The same at the beginning of a sentence. */
export function resourceTitle(resource: Resource): string {
  const name = resourceName(resource);
  return isWhole(resource.lock_type) ? name.charAt(0).toUpperCase() + name.slice(1) : name;
}

export const isSame = (one: Resource, other: Resource) =>
  one.lock_type === other.lock_type && one.resource_id === other.resource_id;

/** Where a resource is: what is below another one is in the way of it. See `docs/reference/leases.md`. */
function place({ lock_type, resource_id }: Resource): string[] {
  if (lock_type === "exclusive") return [];
  if (lock_type === "project") return ["p"];
  if (lock_type === "file") return ["p", "f", ...(resource_id === "/" ? [] : resource_id.split("/"))];
  if (lock_type !== "git") return ["p", lock_type, resource_id];
  const colon = resource_id.lastIndexOf(":");
  const branch = resource_id.slice(colon + 1);
  return ["p", "g", colon < 0 ? "-" : resource_id.slice(0, colon), ...(branch === "" ? [] : [branch])];
}

/** Whether one is the other, or above or below it. */
export function overlap(one: Resource, other: Resource): boolean {
  const [upper, lower] = [place(one), place(other)].sort((a, b) => a.length - b.length);
  return upper?.every((part, index) => part === lower?.[index]) ?? false;
}

/** How things stand with a resource for a session. */
export type Standing =
  | { state: "free" }
  | { state: "yours" | "offered"; lease: Lease }
  | { state: "held" | "delay"; lease: Lease }
  | { state: "waiting"; waiter: Waiter; lease: Lease | null };

export function standing(
  resource: Resource,
  { items, waiting }: LeaseList,
  session: string | null,
): Standing {
  const exact = items.find((lease) => isSame(lease, resource) && isOf(lease, session));
  if (exact !== undefined && exact.state !== "delay")
    return { state: exact.state === "held" ? "yours" : "offered", lease: exact };
  const blocking = items.filter((lease) => overlap(lease, resource) && !isOf(lease, session));
  const lease = blocking.find(({ state }) => state !== "delay") ?? blocking[0] ?? null;
  const waiter = waiting.find((one) => isSame(one, resource) && one.session_id === session);
  if (waiter !== undefined) return { state: "waiting", waiter, lease };
  if (lease === null) return { state: "free" };
  return { state: lease.state === "delay" ? "delay" : "held", lease };
}

/** The pause after a holder that failed is nobody's. */
const isOf = (lease: Lease, session: string | null) =>
  lease.session_id === session && lease.state !== "delay";

/** One line of the list: a lease, or what is waited for behind something else. */
export interface Row {
  key: string;
  resource: Resource;
  lease: Lease | null;
  /** Who waits for exactly this, in their order; said once if several share it. */
  queue: Waiter[];
}

/** The lines of the list, the resources in order. */
export function rowsOf({ items, waiting }: LeaseList): Row[] {
  const seen = new Set<string>();
  const row = (resource: Resource, lease: Lease | null): Row => {
    const name = `${resource.lock_type}:${resource.resource_id}`;
    const queue = seen.has(name) ? [] : waiting.filter((one) => isSame(one, resource));
    seen.add(name);
    return { key: `${name} ${lease?.session_id ?? ""} ${lease?.state ?? ""}`, resource, lease, queue };
  };
  const held = items.map((lease) => row(lease, lease));
  const behind = waiting.flatMap((one) =>
    seen.has(`${one.lock_type}:${one.resource_id}`) ? [] : [row(one, null)],
  );
  return [...held, ...behind];
}

const REFRESH_MS = 15_000;
const SOON_MS = 1000;

/** In how many milliseconds to ask again; false = when something happens. Null stands for a list that did not come.
 *
 * A heartbeat prolongs leases without a word, and the pause after a holder that failed ends without one.
 */
export function lookAgainMs(list: LeaseList | null | undefined, nowMs: number): number | false {
  if (list === undefined || list?.items.length === 0) return false;
  const ends = (list?.items ?? []).map(({ expires_at }) => Date.parse(expires_at) - nowMs);
  return Math.max(SOON_MS, Math.min(REFRESH_MS, ...ends));
}

const MINUTE_S = 60;
const HOUR_S = 3600;

/** How long something lasts still, e.g. "4 min" or "1:42" when it is short. */
export function remaining(untilMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.ceil((untilMs - nowMs) / 1000));
  if (seconds >= HOUR_S)
    return `${Math.floor(seconds / HOUR_S)} h ${Math.floor((seconds % HOUR_S) / MINUTE_S)} min`;
  if (seconds > 5 * MINUTE_S) return `${Math.ceil(seconds / MINUTE_S)} min`;
  return `${Math.floor(seconds / MINUTE_S)}:${String(seconds % MINUTE_S).padStart(2, "0")}`;
}

const USUAL_S = [MINUTE_S, 5 * MINUTE_S, 10 * MINUTE_S, 30 * MINUTE_S, HOUR_S];

/** The server's clock and this device's are not quite the same. */
const CLOCKS_S = 5;

/** What a full bar stands for: the most that was ever left of a lease, and at first a usual length. */
export function fullLength(leftS: number, before: number | undefined): number {
  if (before !== undefined) return leftS <= before + CLOCKS_S ? before : leftS;
  return USUAL_S.find((usual) => leftS <= usual + CLOCKS_S) ?? leftS;
}

/** "next", "2nd in the queue", … */
export function placeInWords(position: number): string {
  if (position === 1) return "next in the queue";
  const ending = { one: "st", two: "nd", few: "rd", other: "th", zero: "th", many: "th" };
  return `${position}${ending[ordinal.select(position)]} in the queue`;
}

const ordinal = new Intl.PluralRules("en", { type: "ordinal" });
