import { useNavigate } from "@tanstack/react-router";
import { useCallback, useEffect, useState } from "react";
import type { Entry } from "../files/tree";
import type { Entries } from "../sync/project";

/** An open file; the path is the last known one. */
export interface Tab {
  id: string;
  path: string;
}

/** The tabs with the file that came into view among them, and with the paths the files have now. */
export function updateTabs(tabs: readonly Tab[], entries: Entries, arrived: Entry | null): readonly Tab[] {
  const present = arrived === null || tabs.some((tab) => tab.id === arrived.id);
  const wanted = present ? tabs : [...tabs, { id: arrived.id, path: arrived.path }];
  const moved = wanted.some((tab) => (entries.get(tab.id)?.path ?? tab.path) !== tab.path);
  return moved ? wanted.map((tab) => ({ id: tab.id, path: entries.get(tab.id)?.path ?? tab.path })) : wanted;
}

/** What to look at after the tab `id` is closed: its right neighbour, else the left one. */
export function neighbour(tabs: readonly Tab[], id: string): Tab | null {
  const index = tabs.findIndex((tab) => tab.id === id);
  return tabs[index + 1] ?? tabs[index - 1] ?? null;
}

/** The open files of a project, kept as long as the browser's tab lives. */
export function useTabs(slug: string, entries: Entries, viewed: Entry | null) {
  const key = `atrium:tabs/${slug}`;
  const navigate = useNavigate();
  const [stored, setTabs] = useState<readonly Tab[]>(() => JSON.parse(sessionStorage.getItem(key) ?? "[]"));
  const [shown, setShown] = useState<string | null>(null);
  const arrived = viewed === null || viewed.id === shown ? null : viewed;
  const tabs = updateTabs(stored, entries, arrived);
  if (tabs !== stored) setTabs(tabs);
  // A tab that is closed stays in view until the address has changed; it must not come back for that.
  if ((viewed?.id ?? null) !== shown) setShown(viewed?.id ?? null);

  useEffect(() => sessionStorage.setItem(key, JSON.stringify(tabs)), [key, tabs]);

  const close = useCallback(
    (id: string, isViewed: boolean) => {
      const next = neighbour(tabs, id);
      setTabs(tabs.filter((tab) => tab.id !== id));
      if (!isViewed) return;
      if (next === null) void navigate({ to: "/p/$slug", params: { slug } });
      else void navigate({ to: "/p/$slug/f/$", params: { slug, _splat: next.path } });
    },
    [tabs, slug, navigate],
  );
  return { tabs, close };
}
