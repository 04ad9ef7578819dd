import type { LeaseList } from "../api/leases";
import { overlap, resourceName, resourceTitle } from "../leases/leases";
import type { ConflictEvent, LockMessage, ServerMessage } from "../sync/controlMessages";
import type { News } from "./notifications";

/** Why leases end without their holders' doing, as the end of a sentence. */
const ENDINGS: Record<string, string> = {
  ttl: "its time was over",
  wanted: "you were away and somebody else wanted it",
  session: "you were away for too long",
  not_accepted: "it was not taken in time",
  unconfirmed: "the server could not confirm it",
  forgotten: "the store of leases has lost it",
  taken_over: "another node gives out leases now",
};

/** What a message of the control channel is worth telling the person; null = nothing. */
export function newsOf(
  message: ServerMessage,
  session: string | null,
  leases: LeaseList | undefined,
): News | null {
  switch (message.type) {
    case "lock_acquired":
    case "lock_refused":
    case "lock_expired":
    case "lock_stolen":
      return message.session_id === session ? ofOwn(message) : null;
    case "lock_queued":
    case "lock_asked":
      return message.session_id === session ? null : ofOthers(message, session, leases);
    case "session_role_changed":
      return message.session_id === session && message.role === "primary"
        ? { tone: "info", text: "You are the primary session of this project now." }
        : null;
    case "conflict_detected":
      return ofConflict(message, session);
    case "notice":
      return { tone: message.code === "lease.available" ? "good" : "bad", text: message.message };
    default:
      return null;
  }
}

function ofOwn(message: LockMessage): News | null {
  const { reason = "" } = message;
  const title = resourceTitle(message);
  if (message.type === "lock_acquired") return { tone: "good", text: `${title} is yours now.` };
  if (message.type === "lock_stolen")
    return {
      tone: "bad",
      text: `An administrator took ${resourceName(message)} away from you: ${reason}`,
    };
  if (message.type === "lock_expired")
    return { tone: "bad", text: `${title} is not yours any more: ${ENDINGS[reason] ?? reason}.` };
  return reason === "timeout" ? { tone: "bad", text: `${title} did not become free in time.` } : null;
}

/** Somebody wants what you have. */
function ofOthers(message: LockMessage, session: string | null, leases: LeaseList | undefined): News | null {
  const yours = leases?.items.find(
    (lease) => lease.session_id === session && lease.state === "held" && overlap(lease, message),
  );
  if (yours === undefined) return null;
  const what = resourceName(yours);
  if (message.type === "lock_queued")
    return { tone: "info", text: `${message.user_name} waits for ${what}, which you have.` };
  return { tone: "info", text: `${message.user_name} asks you to release ${what}.` };
}

function ofConflict(
  { sessions, resource, conflict_type }: ConflictEvent,
  session: string | null,
): News | null {
  if (session === null || !sessions.includes(session)) return null;
  // One's own request that came to nothing was answered already.
  if (conflict_type === "resource_lock" && sessions[0] === session) return null;
  const what = `A conflict about ${resource} was recorded`;
  return {
    tone: "info",
    text: conflict_type === "resource_lock" ? `${what}: somebody could not have it.` : `${what}.`,
  };
}
