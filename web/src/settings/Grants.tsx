import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "react-aria-components";
import { type Grant, listGrants, revokeGrant } from "../api/access";
import { queryClient } from "../app/query";
import { toast } from "../app/toasts";
import { Resource, RuleWords } from "../policy/Rule";
import { ConfirmDialog } from "../ui/ConfirmDialog";
import { Loaded } from "../ui/Loaded";
import { Notice } from "../ui/Notice";
import { type Column, Table } from "../ui/Table";
import { Moment } from "../ui/When";
import { Who } from "../ui/Who";
import { GrantDialog } from "./GrantDialog";
import type { SectionProps } from "./SettingsPage";

/** What people may do beyond their roles, or in spite of them may not. */
export function Grants({ project: { slug } }: SectionProps) {
  const grants = useQuery({ queryKey: ["grants", slug], queryFn: () => listGrants(slug) });
  const [granting, setGranting] = useState(false);
  const [revoking, setRevoking] = useState<Grant | null>(null);
  const give = (
    <Button className="button primary" onPress={() => setGranting(true)}>
      Give access
    </Button>
  );
  return (
    <>
      <div className="page-head">
        <h1>Extra access</h1>
        {grants.data && grants.data.length > 0 && give}
      </div>
      <Loaded query={grants} what="grants">
        {(all) =>
          all.length === 0 ? (
            <Notice title="No extra access" actions={give}>
              Give somebody access to one file, folder or branch, perhaps for an hour; or deny it to somebody
              whose role would allow it.
            </Notice>
          ) : (
            <Table label="Extra access" columns={columns(setRevoking)} rows={all} keyOf={({ id }) => id} />
          )
        }
      </Loaded>
      {granting && <GrantDialog slug={slug} people={null} onClose={() => setGranting(false)} />}
      {revoking && <Revoke slug={slug} grant={revoking} onClose={() => setRevoking(null)} />}
    </>
  );
}

function columns(revoke: (grant: Grant) => void): readonly Column<Grant>[] {
  return [
    { name: "Who", isRowHeader: true, cell: ({ user }) => <Who user={user} /> },
    { name: "May", cell: (grant) => <RuleWords {...grant} /> },
    { name: "What", cell: ({ resource }) => <Resource glob={resource} /> },
    { name: "When", cell: (grant) => <Period grant={grant} /> },
    {
      name: "Why",
      cell: ({ reason, granted_by }) => (
        <span className="stack">
          {reason || <span className="mute">no reason given</span>}
          <span className="mute">by {granted_by.name}</span>
        </span>
      ),
    },
    {
      name: "",
      className: "row-actions",
      cell: (grant) => (
        <Button
          className="button quiet"
          aria-label={`Revoke the access of ${grant.user.name}`}
          onPress={() => revoke(grant)}
        >
          Revoke
        </Button>
      ),
    },
  ];
}

function Period({ grant: { not_before: from, until } }: { grant: Grant }) {
  const begins = from !== null && Date.parse(from) > Date.now();
  const over = until !== null && Date.parse(until) <= Date.now();
  return (
    <span className="stack">
      {begins && (
        <span>
          from <Moment at={from} />
        </span>
      )}
      {until === null ? (
        "no end"
      ) : (
        <span>
          {over ? "ended" : "until"} <Moment at={until} />
        </span>
      )}
    </span>
  );
}

function Revoke({ slug, grant, onClose }: { slug: string; grant: Grant; onClose: () => void }) {
  async function revoke() {
    await revokeGrant(slug, grant.id);
    await queryClient.invalidateQueries({ queryKey: ["grants", slug] });
    toast(`The access of ${grant.user.name} is revoked.`);
  }
  return (
    <ConfirmDialog
      title={`Revoke the access of ${grant.user.name}?`}
      submit="Revoke"
      onClose={onClose}
      onConfirm={revoke}
    >
      {grant.effect === "allow"
        ? "What they have open through it is closed within a second."
        : "What was denied is again as their role says."}
    </ConfirmDialog>
  );
}
