import { useState } from "react";
import { createInvitation } from "../api/accounts";
import { LENGTHS } from "../app/lasting";
import { queryClient } from "../app/query";
import { useRoleOptions } from "../policy/useRoles";
import { SelectField } from "../ui/Choices";
import { Field } from "../ui/Field";
import { FormDialog } from "../ui/FormDialog";
import { Secret } from "../ui/Secret";

const WEEK_S = `${7 * 24 * 3600}` as const;
const USES = ["1", "5", "25", "100"].map(
  (count) => [count, count === "1" ? "One person" : `${count} people`] as const,
);

/** Makes a link that lets people join the project, and shows it, this once. */
export function InviteDialog({ slug, onClose }: { slug: string; onClose: () => void }) {
  const [role, setRole] = useState("editor");
  const [uses, setUses] = useState("1");
  const [lasting, setLasting] = useState<string>(WEEK_S);
  const [note, setNote] = useState("");
  const [url, setUrl] = useState<string | null>(null);
  const options = useRoleOptions();

  async function invite() {
    const made = await createInvitation(slug, {
      role,
      uses: Number(uses),
      expires_in_s: Number(lasting),
      ...(note.trim() !== "" && { note: note.trim() }),
    });
    setUrl(new URL(made.url, location.origin).href);
    await queryClient.invalidateQueries({ queryKey: ["invitations", slug] });
    return "stay";
  }

  if (url !== null)
    return (
      <Secret title="The invitation is ready" label="Link" text={url} onClose={onClose}>
        Send this link to whom you invite. It is shown this once; whoever has it can join.
      </Secret>
    );
  return (
    <FormDialog title="Invite by link" submit="Make the link" onClose={onClose} onSubmit={invite}>
      <SelectField label="They join as" value={role} options={options} onChange={setRole} />
      <SelectField label="Good for" value={uses} options={USES} onChange={setUses} />
      <SelectField label="The link works for" value={lasting} options={LENGTHS} onChange={setLasting} />
      <Field label="A word to them (optional)" value={note} onChange={setNote} />
    </FormDialog>
  );
}
