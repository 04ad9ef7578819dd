import type { Kind, SessionRole } from "../api";

/** What the server says on the control channel, as far as the page uses it; all of it is in `/control/schema.json`. */

export interface Welcome {
  type: "welcome";
  session_id: string;
  role: SessionRole;
  resume_token: string;
  heartbeat_s: number;
  /** The session is the one of before; `gap`: not everything that happened meanwhile is told. */
  resumed: boolean;
  gap: boolean;
  event_id: number;
}

export interface SessionEvent {
  type: "session_connected" | "session_disconnected" | "session_role_changed" | "session_ended";
  session_id: string;
  user: { id: string; name: string; hue: number };
  kind: Kind;
  name: string;
  role: SessionRole;
  state: string;
  since: string;
  /** Until when one that is disconnected may come back. */
  until?: string;
}

/** A lease, and the session that has it, waits for it or had it. */
export interface LockMessage {
  type:
    | "lock_acquired"
    | "lock_queued"
    | "lock_offered"
    | "lock_refused"
    | "lock_cancelled"
    | "lock_released"
    | "lock_asked"
    | "lock_expired"
    | "lock_stolen";
  session_id: string;
  user_name: string;
  lock_type: string;
  resource_id: string;
  fence?: number;
  position?: number;
  reason?: string;
  /** In an answer: which sessions are in the way, and what is wrong. */
  waits_for?: string[];
  code?: string;
  message?: string;
}

export interface ConflictEvent {
  type: "conflict_detected" | "conflict_updated";
  conflict_type: string;
  resource: string;
  /** Whose it is, then those in the way. */
  sessions: string[];
}

export interface NoticeEvent {
  type: "notice";
  code: string;
  message: string;
}

export interface ErrorMessage {
  type: "error";
  code: string;
  message: string;
}

export interface Pong {
  type: "pong";
}

export type ServerMessage = { ref?: string; event_id?: number } & (
  | Welcome
  | SessionEvent
  | LockMessage
  | ConflictEvent
  | NoticeEvent
  | ErrorMessage
  | Pong
);

export const isSessionEvent = (message: ServerMessage): message is ServerMessage & SessionEvent =>
  message.type.startsWith("session_");

export const isLockMessage = (message: ServerMessage): message is ServerMessage & LockMessage =>
  message.type.startsWith("lock_");

/** A message of the server; null when it is none. */
export function readMessage(text: unknown): ServerMessage | null {
  if (typeof text !== "string") return null;
  const value: unknown = JSON.parse(text);
  const isMessage = value !== null && typeof value === "object" && "type" in value;
  return isMessage && typeof value.type === "string" ? (value as ServerMessage) : null;
}
