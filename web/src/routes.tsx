import { createRootRoute, createRoute, createRouter, Link, lazyRouteComponent } from "@tanstack/react-router";
import { LoginPage } from "./login/LoginPage";
import { ProjectsPage } from "./projects/ProjectsPage";
import { Notice } from "./ui/Notice";

const root = createRootRoute({ notFoundComponent: NotFound, errorComponent: Broken });

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: (search: Record<string, unknown>): { next?: string } =>
    isInternal(search.next) ? { next: search.next } : {},
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

export const router = createRouter({
  routeTree: root.addChildren([login, projects, project.addChildren([noFile, file])]),
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
