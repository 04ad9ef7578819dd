import { useEffect, useState } from "react";
import { useStore } from "../app/store";
import { describe, type Status } from "../sync/status";
import { useWorkspace } from "./context";

const TICK_MS = 250;

/** The connection sentence, kept true as time passes. */
export function useStatus(): Status {
  const { sync, writable } = useWorkspace();
  const facts = useStore(sync.facts);
  const [now, setNow] = useState(Date.now);
  const ticking = facts.since !== null || facts.retryAt !== null;
  useEffect(() => {
    setNow(Date.now());
    if (!ticking) return;
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, [ticking]);
  const readOnly = writable ? null : "you are a viewer of this project";
  return describe({ ...facts, readOnly }, Math.max(now, facts.since ?? 0));
}
