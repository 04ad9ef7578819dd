import type { QueryClient, QueryKey } from "@tanstack/react-query";
import type { LeaseList } from "../api/leases";
import { toastError } from "../app/toasts";
import { resourceName } from "../leases/leases";
import { newsOf } from "../notifications/news";
import { isLockMessage, isSessionEvent, type LockMessage, type ServerMessage } from "../sync/controlMessages";
import { applyEvent, type LiveSession } from "../sync/sessions";
import type { Workspace } from "./context";

const GATHER_MS = 100;

/** Makes the page follow what the control channel tells: the lists, the notifications, and offers that are accepted. */
export function attend(workspace: Workspace, queries: QueryClient): () => void {
  const { control, sync, slug } = workspace;
  const sessions: QueryKey = ["sessions", slug];
  const leases: QueryKey = ["leases", slug];
  let gathering: ReturnType<typeof setTimeout> | undefined;

  /** Asks for the leases anew, once for many events. */
  function refreshLeases() {
    clearTimeout(gathering);
    gathering = setTimeout(() => void askAgain(queries, leases), GATHER_MS);
  }

  function hear(message: ServerMessage) {
    const own = control.state.get().sessionId;
    const news = newsOf(message, own, queries.getQueryData<LeaseList>(leases));
    if (news !== null) workspace.notifications.add(news);
    if (message.type === "welcome") {
      void askAgain(queries, sessions);
      refreshLeases();
    } else if (isSessionEvent(message)) {
      // An answer that is under way may be older than the event: then it is asked for again.
      if (queries.isFetching({ queryKey: sessions })) void askAgain(queries, sessions);
      else
        queries.setQueryData<readonly LiveSession[]>(
          sessions,
          (known) => known && applyEvent(known, message),
        );
    } else if (isLockMessage(message)) {
      refreshLeases();
      if (message.type === "lock_offered" && message.session_id === own) accept(message);
    } else if (message.type === "notice" && message.code.startsWith("lease.")) refreshLeases();
  }

  /** Who waits wants it. There are a few seconds only, too few to ask a person who perhaps looks elsewhere. */
  function accept({ lock_type, resource_id, fence = 0 }: LockMessage) {
    const offered = { lock_type, resource_id, fence };
    const text = `It was your turn: ${resourceName(offered)} is yours now.`;
    workspace.leases
      .accept(offered)
      .then(() => workspace.notifications.add({ tone: "good", text }), toastError);
  }

  const stops = [
    control.listen(hear),
    control.state.subscribe(() => sync.actAs(control.state.get().sessionId)),
    sync.access.subscribe(() => control.retryNow()),
    sync.socket.state.subscribe(() => {
      if (sync.socket.state.get().phase === "open") control.retryNow();
    }),
  ];
  // The server is heard on this socket every other second, also in a tab that is hidden.
  sync.socket.on("message", control.tick);
  return () => {
    clearTimeout(gathering);
    sync.socket.off("message", control.tick);
    for (const stop of stops) stop();
  };
}

/** Asks anew, also while an answer is under way: the first one would not be given up otherwise. */
async function askAgain(queries: QueryClient, queryKey: QueryKey): Promise<void> {
  await queries.cancelQueries({ queryKey });
  await queries.invalidateQueries({ queryKey });
}
