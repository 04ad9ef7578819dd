import { useEffect } from "react";
import { useWorkspace } from "./context";

/** Asks before the page is left when edits are neither acknowledged nor kept on this device. */
export function useLeaveGuard(): void {
  const { sync } = useWorkspace();
  useEffect(() => {
    function onBeforeUnload(event: BeforeUnloadEvent) {
      if (sync.wouldLoseEdits()) event.preventDefault();
    }
    addEventListener("beforeunload", onBeforeUnload);
    return () => removeEventListener("beforeunload", onBeforeUnload);
  }, [sync]);
}
