import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Lease, LeaseList, Resource } from "../api/leases";
import { useStore } from "../app/store";
import { toast, toastError } from "../app/toasts";
import { useWorkspace } from "../project/context";
import { useSessions } from "../project/useSessions";
import { leasesQuery } from "./desk";
import { type Standing, standing } from "./leases";

const NOTHING: LeaseList = { items: [], waiting: [] };

/** What is leased in the project. */
export const useLeases = () => useQuery(leasesQuery(useWorkspace().slug));

/** How things stand with a resource, for this tab. */
export function useStanding(resource: Resource): Standing {
  const { control } = useWorkspace();
  const { data } = useLeases();
  return standing(resource, data ?? NOTHING, useStore(control.state).sessionId);
}

/** Who has a lease: this tab, another client of yours, or somebody else. */
export type Owner = "this-tab" | "you" | "other";

export function useOwnerOf(): (lease: Pick<Lease, "session_id">) => Owner {
  const { control, sync } = useWorkspace();
  const { sessionId } = useStore(control.state);
  const sessions = useSessions();
  return useMemo(() => {
    const yours = new Set(sessions.flatMap(({ id, user }) => (user.id === sync.me.id ? [id] : [])));
    return ({ session_id }) => {
      if (session_id === sessionId) return "this-tab";
      const isYours = yours.has(session_id) || session_id.startsWith(`rest:${sync.me.id}:`);
      return isYours ? "you" : "other";
    };
  }, [sessions, sessionId, sync.me.id]);
}

/** Says what was done, or why it was not. */
export const tell = (done: Promise<string>) => void done.then((text) => toast(text), toastError);
