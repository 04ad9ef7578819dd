import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { listSessions } from "../api/leases";
import { useStore } from "../app/store";
import { fromListed, type LiveSession, type Present, whoIsHere } from "../sync/sessions";
import { useWorkspace } from "./context";

const NONE: readonly LiveSession[] = [];

/** The sessions in the project, kept up to date by the control channel. */
export function useSessions(): readonly LiveSession[] {
  const { slug } = useWorkspace();
  const { data } = useQuery({
    queryKey: ["sessions", slug],
    queryFn: async (): Promise<readonly LiveSession[]> => (await listSessions(slug)).map(fromListed),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return data ?? NONE;
}

/** Everybody who is in the project: sessions, and clients that only edit. */
export function usePresent(): Present[] {
  const { sync, control } = useWorkspace();
  const sessions = useSessions();
  const people = useStore(sync.people);
  const places = useStore(sync.places);
  const { sessionId } = useStore(control.state);
  return useMemo(
    () => whoIsHere(sessions, people, places, sessionId, sync.me),
    [sessions, people, places, sessionId, sync.me],
  );
}
