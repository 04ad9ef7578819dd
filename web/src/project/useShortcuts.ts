import { useEffect, useRef } from "react";
import { useWorkspace } from "./context";

/** The keys that work everywhere in a project: Ctrl K the command box, Ctrl B the files, Ctrl J people and leases. */
export function useShortcuts({ toggleSidebar }: { toggleSidebar: () => void }): void {
  const { palette, aside } = useWorkspace();
  const toggle = useRef(toggleSidebar);
  toggle.current = toggleSidebar;
  useEffect(() => {
    function onKeyDown(event: KeyboardEvent) {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
      const key = event.key.toLowerCase();
      if (key === "k") palette.set(true);
      else if (key === "b") toggle.current();
      else if (key === "j") aside.set(!aside.get());
      else return;
      event.preventDefault();
    }
    addEventListener("keydown", onKeyDown, { capture: true });
    return () => removeEventListener("keydown", onKeyDown, { capture: true });
  }, [palette, aside]);
}
