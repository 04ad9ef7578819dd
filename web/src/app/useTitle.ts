import { useEffect } from "react";

/** Names the page in the browser's tab and history: the most particular first. */
export function useTitle(...parts: string[]): void {
  const title = [...parts, "Atrium"].join(" · ");
  useEffect(() => {
    document.title = title;
  }, [title]);
}
