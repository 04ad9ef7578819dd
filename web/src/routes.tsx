import {
  createRootRoute,
  createRoute,
  createRouter,
  Link,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import { readExplainSearch } from "./explain/search";
import { LoginPage } from "./login/LoginPage";
import { ProjectsPage } from "./projects/ProjectsPage";
import { Notice } from "./ui/Notice";

const root = createRootRoute({ notFoundComponent: NotFound, errorComponent: Broken });

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: (search: Record<string, unknown>): { next?: string; problem?: string } => ({
    ...(isInternal(search.next) && { next: search.next }),
    ...(typeof search.problem === "string" && { problem: search.problem }),
  }),
  component: LoginPage,
});

const projects = createRoute({ getParentRoute: () => root, path: "/", component: ProjectsPage });

const project = createRoute({
  getParentRoute: () => root,
  path: "/p/$slug",
  component: lazyRouteComponent(() => import("./project/ProjectPage"), "ProjectPage"),
});
const noFile = createRoute({ getParentRoute: () => project, path: "/" });
const file = createRoute({ getParentRoute: () => project, path: "/f/$" });
const leases = createRoute({ getParentRoute: () => project, path: "/leases" });

const join = createRoute({
  getParentRoute: () => root,
  path: "/join/$token",
  component: lazyRouteComponent(() => import("./join/JoinPage"), "JoinPage"),
});

const account = createRoute({
  getParentRoute: () => root,
  path: "/me",
  component: lazyRouteComponent(() => import("./account/AccountPage"), "AccountPage"),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: "/p/$slug/settings/$section",
  validateSearch: readExplainSearch,
  component: lazyRouteComponent(() => import("./settings/SettingsPage"), "SettingsPage"),
});
const anySettings = createRoute({
  getParentRoute: () => root,
  path: "/p/$slug/settings",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/p/$slug/settings/$section", params: { ...params, section: "members" } });
  },
});

const admin = createRoute({
  getParentRoute: () => root,
  path: "/admin/$section",
  validateSearch: readExplainSearch,
  component: lazyRouteComponent(() => import("./admin/AdminPage"), "AdminPage"),
});
const anyAdmin = createRoute({
  getParentRoute: () => root,
  path: "/admin",
  beforeLoad: () => {
    throw redirect({ to: "/admin/$section", params: { section: "users" } });
  },
});

export const router = createRouter({
  routeTree: root.addChildren([
    login,
    join,
    projects,
    project.addChildren([noFile, file, leases]),
    anySettings,
    settings,
    account,
    anyAdmin,
    admin,
  ]),
  defaultPreload: "intent",
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

/** Only paths of this site: a login link must not lead elsewhere. */
function isInternal(next: unknown): next is string {
  return typeof next === "string" && /^\/(?![/\\])/.test(next);
}

function NotFound() {
  return (
    <main className="page">
      <Notice isPage title="There is nothing here" actions={<Link to="/">All projects</Link>}>
        The address may be mistyped, or you may not be allowed to see it.
      </Notice>
    </main>
  );
}

function Broken({ error }: { error: unknown }) {
  return (
    <main className="page">
      <Notice
        isPage
        title="This page has failed"
        actions={
          <button type="button" className="button primary" onClick={() => location.reload()}>
            Reload
          </button>
        }
      >
        {error instanceof Error ? error.message : String(error)} What you typed is kept on this device.
      </Notice>
    </main>
  );
}
