import type { User } from "../api";
import { KIND_NAMES } from "../app/words";
import { Mark } from "./Mark";

/** Somebody by mark and name; said in words when it is not a person. */
export function Who({ user, note }: { user: User; note?: string }) {
  const aside = note ?? (user.kind === "person" ? null : KIND_NAMES[user.kind]);
  return (
    <span className="who">
      <Mark kind={user.kind} hue={user.hue} name={user.name} />
      <span className="who-name">{user.name}</span>
      {aside && <span className="mute">{aside}</span>}
    </span>
  );
}
