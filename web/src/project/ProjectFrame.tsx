import { useMatchRoute, useNavigate, useParams } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { Button } from "react-aria-components";
import { remember } from "../app/storage";
import { useStore } from "../app/store";
import { useTitle } from "../app/useTitle";
import { FileDialogs } from "../files/FileDialogs";
import { FilesPanel } from "../files/FilesPanel";
import { baseName } from "../files/paths";
import type { Entry } from "../files/tree";
import { LeaseDialogs } from "../leases/LeaseDialogs";
import { LeasesPanel } from "../leases/LeasesPanel";
import { Palette } from "../palette/Palette";
import { Icon } from "../ui/Icon";
import { Skeleton } from "../ui/Notice";
import { AccessBanner } from "./AccessBanner";
import { useEntriesByPath, useWorkspace } from "./context";
import { FilePage } from "./FilePage";
import { HereNow } from "./HereNow";
import { StatusBar } from "./StatusBar";
import { TabBar } from "./TabBar";
import { TopBar } from "./TopBar";
import { useTabs } from "./tabs";
import { useLeaveGuard } from "./useLeaveGuard";
import { useShortcuts } from "./useShortcuts";
import { useStatus } from "./useStatus";

const LeasesPage = lazy(() => import("../leases/LeasesPage"));

const PANES = [
  { id: "files", label: "Files", icon: "folder" },
  { id: "editor", label: "Editor", icon: "edit" },
  { id: "people", label: "People", icon: "people" },
] as const;
type Pane = (typeof PANES)[number]["id"];

export function ProjectFrame() {
  const { project, slug, sync, aside } = useWorkspace();
  const params = useParams({ strict: false });
  const path = params._splat || null;
  const entries = useStore(sync.entries);
  const viewed = useViewed(path);
  const { tabs, close } = useTabs(slug, entries, viewed?.kind === "directory" ? null : viewed);
  const status = useStatus();
  const isAside = useStore(aside);
  const isLeases = useMatchRoute()({ to: "/p/$slug/leases" }) !== false;
  const home: Pane = path === null && !isLeases ? "files" : "editor";
  const [pane, setPane] = useState<Pane>(home);
  const [sidebar, setSidebar] = useState(true);
  useShortcuts({ toggleSidebar: () => setSidebar((shown) => !shown) });
  useLeaveGuard();
  useTitle(...titles(viewed, isLeases), project.name);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another file comes into view, too
  useEffect(() => setPane(home), [home, path]);
  useEffect(() => aside.subscribe(() => remember("aside", aside.get())), [aside]);
  useEffect(() => sync.lookAt(viewed?.path ?? null), [sync, viewed?.path]);

  function closeTab(id: string) {
    sync.close(id);
    close(id, id === viewed?.id);
  }

  return (
    <div
      className="frame"
      data-pane={pane}
      data-sidebar={sidebar}
      data-aside={isAside}
      data-view={isLeases ? "leases" : "file"}
    >
      <TopBar />
      <main className="frame-body">
        <h1 className="visually-hidden">{isLeases ? "Leases" : (viewed?.path ?? project.name)}</h1>
        <AccessBanner />
        <div className="frame-left">
          <FilesPanel path={path} />
        </div>
        <div className="frame-main">
          <TabBar tabs={tabs} viewed={viewed?.id ?? null} entries={entries} onClose={closeTab} />
          {isLeases ? (
            <Suspense fallback={<Skeleton rows={6} label="Loading the leases" />}>
              <LeasesPage />
            </Suspense>
          ) : (
            <FilePage key={viewed?.id ?? path} path={path} entry={viewed} status={status} />
          )}
        </div>
        <aside className="frame-right" aria-label="People and leases">
          <HereNow />
          <LeasesPanel />
        </aside>
      </main>
      <StatusBar entry={viewed} status={status} />
      <nav className="panes" aria-label="Parts of the page">
        {PANES.map(({ id, label, icon }) => (
          <Button key={id} onPress={() => setPane(id)} aria-current={pane === id}>
            <Icon name={icon} />
            {label}
          </Button>
        ))}
      </nav>
      <FileDialogs />
      <LeaseDialogs />
      <Palette viewed={viewed} />
    </div>
  );
}

const titles = (viewed: Entry | null, isLeases: boolean) =>
  isLeases ? ["Leases"] : viewed === null ? [] : [baseName(viewed.path)];

/** The file at the address. It stays in view when somebody moves it, and when it is deleted. */
function useViewed(path: string | null): Entry | null {
  const { sync, slug } = useWorkspace();
  const navigate = useNavigate();
  const entries = useStore(sync.entries);
  const here = useEntriesByPath().get(path ?? "") ?? null;
  const [last, setLast] = useState<Entry | null>(null);
  if (here !== null && here !== last) setLast(here);

  const gone = here === null && last?.path === path ? last : null;
  const moved = gone === null ? undefined : entries.get(gone.id);
  useEffect(() => {
    if (moved !== undefined)
      void navigate({ to: "/p/$slug/f/$", params: { slug, _splat: moved.path }, replace: true });
  }, [moved, navigate, slug]);
  return here ?? moved ?? gone;
}
