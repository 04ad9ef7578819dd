import { useState } from "react";
import type { Action } from "../api";
import type { Issued, NewKey } from "../api/accounts";
import { type Lasting, LENGTHS } from "../app/lasting";
import { ACTION_NAMES, ACTIONS } from "../app/words";
import { CheckField, RadioField } from "../ui/Choices";
import { Field } from "../ui/Field";
import { FormDialog } from "../ui/FormDialog";
import { LastingField } from "../ui/LastingField";
import { Secret } from "../ui/Secret";

interface KeyDialogProps {
  /** For whom, when it is not for yourself. */
  owner?: string;
  /** Whether it acts as its owner or as an agent of theirs is asked for. */
  hasKind?: boolean;
  make: (key: NewKey) => Promise<Issued>;
  onMade?: () => Promise<unknown>;
  onClose: () => void;
}

const KINDS = [
  { id: "pat", name: "A program of mine", hint: "The others see your name." },
  { id: "agt", name: "An agent", hint: "The others see that an agent acts for you." },
] as const;

const MONTH: Lasting = { choice: LENGTHS.at(-1)?.[0] ?? "", at: "" };

/** Makes a key and shows it, this once. */
export function KeyDialog({ owner, hasKind = false, make, onMade, onClose }: KeyDialogProps) {
  const [name, setName] = useState("");
  const [kind, setKind] = useState<NewKey["kind"]>("pat");
  const [scopes, setScopes] = useState<ReadonlySet<Action>>(new Set(ACTIONS));
  const [lasting, setLasting] = useState(MONTH);
  const [secret, setSecret] = useState<string | null>(null);

  async function submit() {
    const { token } = await make(newKey(name, kind, scopes, lasting));
    setSecret(token);
    await onMade?.();
    return "stay";
  }

  if (secret !== null)
    return (
      <Secret title={`The key “${name.trim()}”`} label="Key" text={secret} onClose={onClose}>
        Copy it now: it is shown this once and kept nowhere.
      </Secret>
    );
  return (
    <FormDialog
      title={owner === undefined ? "New key" : `New key for ${owner}`}
      submit="Make the key"
      onClose={onClose}
      onSubmit={submit}
      isDisabled={name.trim() === "" || scopes.size === 0}
    >
      <Field label="What is it for?" value={name} onChange={setName} autoFocus />
      {hasKind && <RadioField label="Used by" value={kind} onChange={setKind} options={KINDS} />}
      <CheckField
        label="It may"
        values={scopes}
        onChange={setScopes}
        options={ACTIONS.map((id) => ({ id, name: ACTION_NAMES[id] }))}
        hint="Never more than its owner may. All but Read include Read; Administer includes everything."
      />
      <LastingField value={lasting} onChange={setLasting} hasMoment={false} />
    </FormDialog>
  );
}

/** All actions chosen means that nothing is narrowed. */
function newKey(name: string, kind: NewKey["kind"], scopes: ReadonlySet<Action>, lasting: Lasting): NewKey {
  return {
    name: name.trim(),
    kind,
    ...(lasting.choice !== "" && { expires_in_s: Number(lasting.choice) }),
    ...(scopes.size < ACTIONS.length && { scopes: ACTIONS.filter((action) => scopes.has(action)) }),
  };
}
