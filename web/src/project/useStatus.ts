import { useEffect, useState } from "react";
import { useStore } from "../app/store";
import { roleName } from "../app/words";
import type { Access } from "../sync/project";
import { describe, type Status } from "../sync/status";
import { useWorkspace } from "./context";

const TICK_MS = 250;

/** The connection sentence, kept true as time passes. */
export function useStatus(): Status {
  const { sync, project, writable } = useWorkspace();
  const access = useStore(sync.access);
  const facts = useStore(sync.facts);
  const [now, setNow] = useState(Date.now);
  const ticking = facts.since !== null || facts.retryAt !== null;
  useEffect(() => {
    setNow(Date.now());
    if (!ticking) return;
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, [ticking]);
  const readOnly = readOnlyReason(access, writable, project.role);
  return describe({ ...facts, readOnly }, Math.max(now, facts.since ?? 0));
}

function readOnlyReason(access: Access, writable: boolean, role: string): string | null {
  if (access === "none") return "your access to this project has ended";
  return writable ? null : `you are ${roleName(role).toLowerCase()} of this project`;
}
