import "../styles/project.css";
import "../styles/live.css";
import { Link, Navigate, useParams } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { Button } from "react-aria-components";
import { ApiError, type Project, type Session } from "../api";
import { queryClient, useProject } from "../app/query";
import { SignedIn } from "../app/SignedIn";
import { ControlChannel } from "../sync/control";
import { ProjectSync } from "../sync/project";
import { Notice, Skeleton } from "../ui/Notice";
import { attend } from "./attend";
import { Workspace, WorkspaceContext } from "./context";
import { ProjectFrame } from "./ProjectFrame";

export function ProjectPage() {
  const { slug } = useParams({ from: "/p/$slug" });
  return <SignedIn>{(session) => <LoadProject key={slug} slug={slug} session={session} />}</SignedIn>;
}

function LoadProject({ slug, session }: { slug: string; session: Session }) {
  const project = useProject(slug);
  if (project.isPending) return <Skeleton rows={8} label="Loading the project" />;
  // Somebody who loses the project while it is open is told so above what they see; nothing is torn away.
  if (project.data === undefined)
    return <NoProject error={project.error} retry={() => void project.refetch()} />;
  if (project.data.slug !== slug)
    return <Navigate to="/p/$slug" params={{ slug: project.data.slug }} replace />;
  return <OpenProject project={project.data} session={session} />;
}

const isMissing = (error: Error | null) => error instanceof ApiError && error.status === 404;

function NoProject({ error, retry }: { error: Error | null; retry: () => void }) {
  const missing = isMissing(error);
  return (
    <main className="page">
      <Notice
        isPage
        title={missing ? "There is no such project" : "The project could not be loaded"}
        actions={
          <>
            {!missing && (
              <Button className="button primary" onPress={retry}>
                Try again
              </Button>
            )}
            <Link to="/" className="button">
              All projects
            </Link>
          </>
        }
      >
        {missing ? "It may have been deleted, or you may not be allowed to see it." : error?.message}
      </Notice>
    </main>
  );
}

function OpenProject({ project, session }: { project: Project; session: Session }) {
  const [workspace, setWorkspace] = useState<Workspace | null>(null);
  useEffect(() => {
    const sync = new ProjectSync(project, session.user);
    const control = new ControlChannel(project.slug);
    const opened = new Workspace(sync, control, project, session);
    const stopAttending = attend(opened, queryClient);
    setWorkspace(opened);
    const stop = onReopen(sync, () => {
      // The socket may have been closed because a right was given or taken, or the project is gone.
      void queryClient.invalidateQueries({ queryKey: ["project", project.slug] });
    });
    const stopListing = sync.access.subscribe(() => {
      void queryClient.invalidateQueries({ queryKey: ["projects"] });
    });
    return () => {
      stop();
      stopListing();
      stopAttending();
      control.destroy();
      sync.destroy();
    };
  }, [project, session]);
  if (workspace === null) return null;
  return (
    <WorkspaceContext value={workspace}>
      <ProjectFrame />
    </WorkspaceContext>
  );
}

/** Calls back each time the socket is open again, but not the first time. */
function onReopen(sync: ProjectSync, call: () => void): () => void {
  let opened = false;
  return sync.socket.state.subscribe(() => {
    if (sync.socket.state.get().phase !== "open") return;
    if (opened) call();
    opened = true;
  });
}
