import { useId, useMemo, useState } from "react";
import type { Lease, Resource } from "../api/leases";
import { useStore } from "../app/store";
import { toast } from "../app/toasts";
import { useWorkspace } from "../project/context";
import { RadioField, SelectField } from "../ui/Choices";
import { Field } from "../ui/Field";
import { FormDialog } from "../ui/FormDialog";
import { isWhole, LOCK_TYPES, type LockType, resourceName, TYPE_NAMES } from "./leases";

/** The dialog about leases that is asked for, if one is. */
export function LeaseDialogs() {
  const { leaseDialog } = useWorkspace();
  const asked = useStore(leaseDialog);
  const close = () => leaseDialog.set(null);
  if (asked?.kind === "take") return <TakeDialog resource={asked.resource} onClose={close} />;
  return asked && <TakeAwayDialog lease={asked.lease} onClose={close} />;
}

const HINTS: Record<LockType, string> = {
  git: "A branch, for example main; of one of several repositories backend:main",
  file: "A path, for example src/main.py or src; / is all files",
  database: "A name, for example orders",
  project: "",
  exclusive: "",
};

const WAITS = [
  ["0", "Not at all"],
  ["30", "Up to 30 seconds"],
  ["300", "Up to 5 minutes"],
  ["600", "Up to 10 minutes"],
] as const;

const MODES = [
  { id: "x", name: "For yourself", hint: "Nobody else may have it meanwhile" },
  { id: "s", name: "Shared", hint: "Others may share it, nobody may have it for themselves" },
] as const;

function TakeDialog({ resource, onClose }: { resource: Resource | null; onClose: () => void }) {
  const { leases, administersLeases } = useWorkspace();
  const [type, setType] = useState<LockType>(
    () => LOCK_TYPES.find((t) => t === resource?.lock_type) ?? "git",
  );
  const [id, setId] = useState(resource?.resource_id ?? "main");
  const [mode, setMode] = useState<"s" | "x">("x");
  const [wait, setWait] = useState<(typeof WAITS)[number][0]>("30");
  const types = LOCK_TYPES.filter((each) => administersLeases || !isWhole(each));

  function choose(next: LockType) {
    setType(next);
    setId(next === "git" ? "main" : "");
  }

  async function take() {
    const resource_id = isWhole(type) ? "*" : id.trim();
    toast(await leases.take({ lock_type: type, resource_id, mode, waitS: Number(wait) }));
  }

  return (
    <FormDialog
      title="Take a lease"
      submit="Take"
      onClose={onClose}
      onSubmit={take}
      isDisabled={!isWhole(type) && id.trim() === ""}
    >
      <SelectField
        label="On"
        value={type}
        onChange={choose}
        options={types.map((each) => [each, TYPE_NAMES[each]])}
        hint={type === "file" && "Typing needs no lease: what people type at once is merged."}
      />
      {!isWhole(type) && <ResourceField type={type} value={id} onChange={setId} />}
      <RadioField label="For whom" value={mode} onChange={setMode} options={MODES} />
      <SelectField label="Wait if somebody has it" value={wait} onChange={setWait} options={WAITS} />
    </FormDialog>
  );
}

interface ResourceFieldProps {
  type: LockType;
  value: string;
  onChange: (value: string) => void;
}

function ResourceField({ type, value, onChange }: ResourceFieldProps) {
  const entries = useStore(useWorkspace().sync.entries);
  const paths = useMemo(() => [...entries.values()].map(({ path }) => path).sort(), [entries]);
  const list = useId();
  return (
    <>
      <Field
        label="Which"
        hint={HINTS[type]}
        value={value}
        onChange={onChange}
        {...(type === "file" && { list })}
      />
      {type === "file" && (
        <datalist id={list}>
          {paths.map((path) => (
            <option key={path} value={path} />
          ))}
        </datalist>
      )}
    </>
  );
}

function TakeAwayDialog({ lease, onClose }: { lease: Lease; onClose: () => void }) {
  const { leases } = useWorkspace();
  const [reason, setReason] = useState("");
  const name = resourceName(lease);

  async function takeAway() {
    toast(await leases.takeAway(lease, reason.trim()));
  }

  return (
    <FormDialog
      title={`Take ${name} away from ${lease.user}?`}
      submit="Take away"
      onClose={onClose}
      onSubmit={takeAway}
      isDisabled={reason.trim() === ""}
      isHarmful
    >
      <p className="lead">
        Everybody who has a lease on it loses it at once, and is told so. Whoever waits gets it after a few
        seconds.
      </p>
      <Field
        label="Reason"
        hint="Told to the holder, and kept in the audit log"
        value={reason}
        onChange={setReason}
        maxLength={500}
        autoFocus
      />
    </FormDialog>
  );
}
