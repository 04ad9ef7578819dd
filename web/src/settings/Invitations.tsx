import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "react-aria-components";
import { type Invitation, listInvitations, revokeInvitation } from "../api/accounts";
import { queryClient } from "../app/query";
import { toast } from "../app/toasts";
import { counted, roleName } from "../app/words";
import { ConfirmDialog } from "../ui/ConfirmDialog";
import { Loaded } from "../ui/Loaded";
import { Notice } from "../ui/Notice";
import { type Column, Table } from "../ui/Table";
import { Moment, When } from "../ui/When";
import { Who } from "../ui/Who";
import { InviteDialog } from "./InviteDialog";
import type { SectionProps } from "./SettingsPage";

/** The links that still let somebody in. */
export function Invitations({ project: { slug } }: SectionProps) {
  const invitations = useQuery({
    queryKey: ["invitations", slug],
    queryFn: () => listInvitations(slug),
  });
  const [inviting, setInviting] = useState(false);
  const [revoking, setRevoking] = useState<Invitation | null>(null);
  const invite = (
    <Button className="button primary" onPress={() => setInviting(true)}>
      Invite by link
    </Button>
  );
  return (
    <>
      <div className="page-head">
        <h1>Invitations</h1>
        {invitations.data && invitations.data.length > 0 && invite}
      </div>
      <Loaded query={invitations} what="invitations">
        {(all) =>
          all.length === 0 ? (
            <Notice title="No open invitations" actions={invite}>
              A link lets people join this project with the role you choose, until it ends or is used up.
            </Notice>
          ) : (
            <Table label="Invitations" columns={columns(setRevoking)} rows={all} keyOf={({ id }) => id} />
          )
        }
      </Loaded>
      {inviting && <InviteDialog slug={slug} onClose={() => setInviting(false)} />}
      {revoking && <Revoke slug={slug} invitation={revoking} onClose={() => setRevoking(null)} />}
    </>
  );
}

function columns(revoke: (invitation: Invitation) => void): readonly Column<Invitation>[] {
  return [
    { name: "Role", isRowHeader: true, cell: ({ role }) => roleName(role) },
    { name: "Note", cell: ({ note }) => note || <span className="mute">none</span> },
    { name: "Left", cell: ({ uses_left: left }) => counted(left, "use", "uses") },
    { name: "Ends", cell: ({ expires_at: at }) => (at ? <Moment at={at} /> : "never") },
    {
      name: "Made",
      cell: ({ created_by, created_at }) => (
        <span className="stack">
          <Who user={created_by} />
          <span className="mute">
            <When at={created_at} />
          </span>
        </span>
      ),
    },
    {
      name: "",
      className: "row-actions",
      cell: (invitation) => (
        <Button className="button quiet" onPress={() => revoke(invitation)}>
          Revoke
        </Button>
      ),
    },
  ];
}

interface RevokeProps {
  slug: string;
  invitation: Invitation;
  onClose: () => void;
}

function Revoke({ slug, invitation, onClose }: RevokeProps) {
  async function revoke() {
    await revokeInvitation(slug, invitation.id);
    await queryClient.invalidateQueries({ queryKey: ["invitations", slug] });
    toast("The link no longer works.");
  }
  return (
    <ConfirmDialog title="Revoke this invitation?" submit="Revoke" onClose={onClose} onConfirm={revoke}>
      The link stops working at once. Those who have joined with it stay.
    </ConfirmDialog>
  );
}
