import { useNavigate, useParams } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { Button } from "react-aria-components";
import { useStore } from "../app/store";
import { useTitle } from "../app/useTitle";
import { FileDialogs } from "../files/FileDialogs";
import { FilesPanel } from "../files/FilesPanel";
import { baseName } from "../files/paths";
import type { Entry } from "../files/tree";
import { Palette } from "../palette/Palette";
import { Icon } from "../ui/Icon";
import { AccessBanner } from "./AccessBanner";
import { useEntriesByPath, useWorkspace } from "./context";
import { PeoplePanel } from "./Faces";
import { FilePage } from "./FilePage";
import { StatusBar } from "./StatusBar";
import { TabBar } from "./TabBar";
import { TopBar } from "./TopBar";
import { useTabs } from "./tabs";
import { useLeaveGuard } from "./useLeaveGuard";
import { useShortcuts } from "./useShortcuts";
import { useStatus } from "./useStatus";

const PANES = [
  { id: "files", label: "Files", icon: "folder" },
  { id: "editor", label: "Editor", icon: "edit" },
  { id: "people", label: "People", icon: "people" },
] as const;
type Pane = (typeof PANES)[number]["id"];

export function ProjectFrame() {
  const { project, slug, sync } = useWorkspace();
  const params = useParams({ strict: false });
  const path = params._splat || null;
  const entries = useStore(sync.entries);
  const viewed = useViewed(path);
  const { tabs, close } = useTabs(slug, entries, viewed?.kind === "directory" ? null : viewed);
  const status = useStatus();
  const [pane, setPane] = useState<Pane>(path === null ? "files" : "editor");
  const [sidebar, setSidebar] = useState(true);
  useShortcuts({ toggleSidebar: () => setSidebar((shown) => !shown) });
  useLeaveGuard();
  useTitle(...(viewed === null ? [] : [baseName(viewed.path)]), project.name);

  useEffect(() => setPane(path === null ? "files" : "editor"), [path]);
  useEffect(() => sync.lookAt(viewed?.path ?? null), [sync, viewed?.path]);

  function closeTab(id: string) {
    sync.close(id);
    close(id, id === viewed?.id);
  }

  return (
    <div className="frame" data-pane={pane} data-sidebar={sidebar}>
      <TopBar />
      <main className="frame-body">
        <h1 className="visually-hidden">{viewed?.path ?? project.name}</h1>
        <AccessBanner />
        <div className="frame-left">
          <FilesPanel path={path} />
        </div>
        <div className="frame-main">
          <TabBar tabs={tabs} viewed={viewed?.id ?? null} entries={entries} onClose={closeTab} />
          <FilePage key={viewed?.id ?? path} path={path} entry={viewed} status={status} />
        </div>
        <div className="frame-people">
          <PeoplePanel />
        </div>
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
      <Palette viewed={viewed} />
    </div>
  );
}

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
