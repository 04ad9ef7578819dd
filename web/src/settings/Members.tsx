import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "react-aria-components";
import { listMembers, type Member, removeMember } from "../api/access";
import { queryClient } from "../app/query";
import { toast } from "../app/toasts";
import { counted, roleName } from "../app/words";
import { ConfirmDialog } from "../ui/ConfirmDialog";
import { Field } from "../ui/Field";
import { Loaded } from "../ui/Loaded";
import { Notice } from "../ui/Notice";
import { type Column, Table } from "../ui/Table";
import { Moment } from "../ui/When";
import { Who } from "../ui/Who";
import { BulkBar } from "./BulkBar";
import { InviteDialog } from "./InviteDialog";
import { MemberDialog } from "./MemberDialog";
import type { SectionProps } from "./SettingsPage";

const MANY = 8;

/** Who belongs to the project, as what and until when; several can be changed at once. */
export function Members({ project }: SectionProps) {
  const { slug } = project;
  const members = useQuery({ queryKey: ["members", slug], queryFn: () => listMembers(slug) });
  const [dialog, setDialog] = useState<"add" | "invite" | null>(null);
  const close = () => setDialog(null);
  return (
    <>
      <div className="page-head">
        <h1>Members</h1>
        <div className="actions">
          <Button className="button" onPress={() => setDialog("add")}>
            Add somebody
          </Button>
          <Button className="button primary" onPress={() => setDialog("invite")}>
            Invite by link
          </Button>
        </div>
      </div>
      <Loaded query={members} what="members">
        {(all) =>
          all.length === 0 ? (
            <Notice title="Nobody yet">Only administrators reach this project. Invite somebody.</Notice>
          ) : (
            <MemberList slug={slug} members={all} />
          )
        }
      </Loaded>
      {dialog === "add" && <MemberDialog slug={slug} member={null} onClose={close} />}
      {dialog === "invite" && <InviteDialog slug={slug} onClose={close} />}
    </>
  );
}

type Asked = { member: Member; what: "change" | "remove" };

function MemberList({ slug, members }: { slug: string; members: Member[] }) {
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [asked, setAsked] = useState<Asked | null>(null);
  const [sought, setSought] = useState("");
  const shown = members.filter(({ user }) => user.name.toLowerCase().includes(sought.toLowerCase()));
  const people = members.map(({ user }) => user).filter(({ id }) => selected.has(id));
  const close = () => setAsked(null);
  return (
    <>
      {members.length > MANY && <Field label="Find" type="search" value={sought} onChange={setSought} />}
      <Table
        label="Members"
        columns={columns(setAsked)}
        rows={shown}
        keyOf={({ user }) => user.id}
        nameOf={({ user }) => user.name}
        selection={{ keys: selected, onChange: setSelected }}
      />
      <p className="mute table-note">{counted(members.length, "member", "members")}</p>
      <BulkBar slug={slug} people={people} onClear={() => setSelected(new Set())} />
      {asked?.what === "change" && <MemberDialog slug={slug} member={asked.member} onClose={close} />}
      {asked?.what === "remove" && <Remove slug={slug} member={asked.member} onClose={close} />}
    </>
  );
}

function columns(ask: (asked: Asked) => void): readonly Column<Member>[] {
  return [
    { name: "Name", isRowHeader: true, cell: ({ user }) => <Who user={user} /> },
    { name: "Role", cell: ({ role }) => roleName(role) },
    { name: "Until", cell: ({ until }) => (until ? <Moment at={until} /> : "no end") },
    {
      name: "",
      className: "row-actions",
      cell: (member) => (
        <>
          <Button
            className="button quiet"
            aria-label={`Change ${member.user.name}`}
            onPress={() => ask({ member, what: "change" })}
          >
            Change
          </Button>
          <Button
            className="button quiet"
            aria-label={`Remove ${member.user.name}`}
            onPress={() => ask({ member, what: "remove" })}
          >
            Remove
          </Button>
        </>
      ),
    },
  ];
}

function Remove({ slug, member: { user }, onClose }: { slug: string; member: Member; onClose: () => void }) {
  async function remove() {
    await removeMember(slug, user.id);
    await queryClient.invalidateQueries({ queryKey: ["members", slug] });
    toast(`${user.name} is no longer a member.`);
  }
  return (
    <ConfirmDialog title={`Remove ${user.name}?`} submit="Remove" onClose={onClose} onConfirm={remove}>
      Editors that {user.name} has open are closed within a second. Extra access that was given stays until it
      is revoked.
    </ConfirmDialog>
  );
}
