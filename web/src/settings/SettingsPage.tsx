import "../styles/admin.css";
import { Link, useParams } from "@tanstack/react-router";
import type { Project, Session } from "../api";
import { useProject } from "../app/query";
import { SignedIn } from "../app/SignedIn";
import { useTitle } from "../app/useTitle";
import { Audit } from "../audit/Audit";
import { Explain } from "../explain/Explain";
import { Loaded } from "../ui/Loaded";
import { Notice } from "../ui/Notice";
import { PageFrame } from "../ui/PageFrame";
import { SideNav } from "../ui/SideNav";
import { Grants } from "./Grants";
import { Invitations } from "./Invitations";
import { Members } from "./Members";

const SECTIONS = {
  members: { name: "Members", show: Members },
  invitations: { name: "Invitations", show: Invitations },
  grants: { name: "Extra access", show: Grants },
  explain: { name: "Explain", show: ExplainProject },
  audit: { name: "Audit log", show: ProjectAudit },
} as const;

const isSection = (name: string): name is keyof typeof SECTIONS => name in SECTIONS;

export function SettingsPage() {
  return <SignedIn>{(session) => <Settings session={session} />}</SignedIn>;
}

function Settings({ session }: { session: Session }) {
  const { slug, section } = useParams({ from: "/p/$slug/settings/$section" });
  const project = useProject(slug);
  const name = isSection(section) ? SECTIONS[section].name : "Settings";
  const Section = isSection(section) ? SECTIONS[section].show : Nothing;
  useTitle(name, project.data?.name ?? slug);
  return (
    <PageFrame
      session={session}
      place={
        <Link to="/p/$slug" params={{ slug }} className="place">
          {project.data?.name ?? slug}
        </Link>
      }
      nav={
        <SideNav
          label="Settings"
          links={Object.entries(SECTIONS).map(([id, { name: text }]) => ({
            text,
            to: `/p/${slug}/settings/${id}`,
          }))}
        />
      }
    >
      <Loaded query={project} what="project">
        {(loaded) => <Section project={loaded} />}
      </Loaded>
    </PageFrame>
  );
}

export interface SectionProps {
  project: Project;
}

function ExplainProject({ project }: SectionProps) {
  return <Explain project={project} />;
}

function ProjectAudit({ project }: SectionProps) {
  return <Audit project={project} />;
}

function Nothing() {
  return <Notice title="There is nothing here">Choose a part of the settings.</Notice>;
}
