import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { Button, FileTrigger } from "react-aria-components";
import type { Project, Session } from "../api";
import { useProjects } from "../app/query";
import { SignedIn } from "../app/SignedIn";
import { showDay } from "../app/time";
import { useTitle } from "../app/useTitle";
import { roleName } from "../app/words";
import { Icon } from "../ui/Icon";
import { Notice, Skeleton } from "../ui/Notice";
import { PageFrame } from "../ui/PageFrame";
import { NewProjectDialog } from "./NewProjectDialog";

type Creating = { archive: File | null } | null;

export function ProjectsPage() {
  return <SignedIn>{(session) => <Projects session={session} />}</SignedIn>;
}

function Projects({ session }: { session: Session }) {
  const [creating, setCreating] = useState<Creating>(null);
  useTitle("Projects");
  return (
    <PageFrame session={session}>
      <div className="page-head">
        <h1>Projects</h1>
        <CreateButtons onCreate={setCreating} />
      </div>
      <ProjectList onCreate={setCreating} />
      {creating && <NewProjectDialog archive={creating.archive} onClose={() => setCreating(null)} />}
    </PageFrame>
  );
}

function CreateButtons({ onCreate }: { onCreate: (creating: Creating) => void }) {
  return (
    <div className="actions">
      <FileTrigger
        acceptedFileTypes={[".zip", "application/zip"]}
        onSelect={(files) => files?.[0] && onCreate({ archive: files[0] })}
      >
        <Button className="button">
          <Icon name="upload" /> Import ZIP
        </Button>
      </FileTrigger>
      <Button className="button primary" onPress={() => onCreate({ archive: null })}>
        <Icon name="plus" /> New project
      </Button>
    </div>
  );
}

function ProjectList({ onCreate }: { onCreate: (creating: Creating) => void }) {
  const projects = useProjects();
  if (projects.isPending) return <Skeleton rows={5} label="Loading projects" />;
  if (projects.isError)
    return (
      <Notice
        title="The projects could not be loaded"
        actions={
          <Button className="button primary" onPress={() => projects.refetch()}>
            Try again
          </Button>
        }
      >
        {projects.error.message}
      </Notice>
    );
  if (projects.data.length === 0)
    return (
      <Notice title="No projects yet" actions={<CreateButtons onCreate={onCreate} />}>
        Start with an empty one, or bring the files of an existing project as a ZIP archive.
      </Notice>
    );
  return (
    <ul className="projects">
      {projects.data.map((project) => (
        <ProjectRow key={project.id} project={project} />
      ))}
    </ul>
  );
}

function ProjectRow({ project }: { project: Project }) {
  return (
    <li>
      <Link to="/p/$slug" params={{ slug: project.slug }} className="project-row">
        <span className="project-name">{project.name}</span>
        <span className="project-slug">{project.slug}</span>
        <span className="project-role">{roleName(project.role)}</span>
        <time dateTime={project.created_at}>{showDay(project.created_at)}</time>
      </Link>
    </li>
  );
}
