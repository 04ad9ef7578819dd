import "../styles/admin.css";
import { useParams } from "@tanstack/react-router";
import type { Session } from "../api";
import { SignedIn } from "../app/SignedIn";
import { useTitle } from "../app/useTitle";
import { Audit } from "../audit/Audit";
import { Explain } from "../explain/Explain";
import { Closed } from "../ui/Loaded";
import { Notice } from "../ui/Notice";
import { PageFrame } from "../ui/PageFrame";
import { SideNav } from "../ui/SideNav";
import { Roles } from "./Roles";
import { Templates } from "./Templates";
import { Users } from "./Users";

const SECTIONS = {
  users: { name: "Users", show: Users },
  roles: { name: "Roles", show: Roles },
  templates: { name: "Templates", show: Templates },
  explain: { name: "Explain", show: () => <Explain project={null} /> },
  audit: { name: "Audit log", show: () => <Audit project={null} /> },
} as const;

const isSection = (name: string): name is keyof typeof SECTIONS => name in SECTIONS;

export function AdminPage() {
  return <SignedIn>{(session) => <Admin session={session} />}</SignedIn>;
}

function Admin({ session }: { session: Session }) {
  const { section } = useParams({ from: "/admin/$section" });
  const Section = isSection(section) ? SECTIONS[section].show : Nothing;
  useTitle(isSection(section) ? SECTIONS[section].name : "Administration", "Administration");
  return (
    <PageFrame
      session={session}
      place={<span className="place">Administration</span>}
      nav={
        <SideNav
          label="Administration"
          links={Object.entries(SECTIONS).map(([id, { name }]) => ({ text: name, to: `/admin/${id}` }))}
        />
      }
    >
      {session.is_admin ? <Section /> : <Closed />}
    </PageFrame>
  );
}

function Nothing() {
  return <Notice title="There is nothing here">Choose a part of the administration.</Notice>;
}
