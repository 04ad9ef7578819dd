import { useState } from "react";
import type { Action, Effect } from "../api";
import type { NewPermission } from "../api/access";
import { ACTION_NAMES, ACTIONS } from "../app/words";
import { CheckField, RadioField, SelectField } from "../ui/Choices";
import { Field } from "../ui/Field";
import { ConditionFields } from "./ConditionFields";
import { isFinished } from "./conditions";
import { isWhole, resourceInWords, resourceOf, TARGETS, type Target, targetOf } from "./resources";

export interface Draft {
  /** Relative to the project; null while it is not said. */
  resource: string | null;
  actions: ReadonlySet<Action>;
  effect: Effect;
  conditions: string[];
}

export const NEW_PERMISSION: Draft = {
  resource: null,
  actions: new Set(["read"]),
  effect: "allow",
  conditions: [],
};

/** A permission that is there already, to be changed. */
export const draftOf = ({ actions, ...rest }: NewPermission): Draft => ({
  ...rest,
  actions: new Set(actions),
});

export const isComplete = ({ resource, actions, conditions }: Draft) =>
  resource !== null && actions.size > 0 && conditions.every(isFinished);

/** As the server takes it. */
export const permissionOf = ({ actions, resource, ...rest }: Draft): NewPermission => ({
  ...rest,
  resource: resource ?? "",
  actions: ACTIONS.filter((action) => actions.has(action)),
});

const EFFECTS = [
  { id: "allow", name: "Allow" },
  { id: "deny", name: "Deny", hint: "Stronger than anything that allows it." },
] as const;

const HINTS: Record<Target, string> = {
  all: "",
  itself: "",
  file: "src/main.py is one file; src/ is a folder with everything in it.",
  branch: "The name as leases have it, e.g. main.",
  pattern: "* is one segment, ** any number: file/docs/**, job/*, op/export.",
};

/** What may be done to what. */
export function PermissionFields({ value, onChange }: { value: Draft; onChange: (value: Draft) => void }) {
  return (
    <>
      <TargetFields resource={value.resource} onChange={(resource) => onChange({ ...value, resource })} />
      <CheckField
        label="Actions"
        values={value.actions}
        onChange={(actions) => onChange({ ...value, actions })}
        options={ACTIONS.map((id) => ({ id, name: ACTION_NAMES[id] }))}
        hint="All but Read include Read; Administer includes everything."
      />
      <RadioField
        label="Effect"
        value={value.effect}
        onChange={(effect) => onChange({ ...value, effect })}
        options={EFFECTS}
      />
      <ConditionFields
        value={value.conditions}
        onChange={(conditions) => onChange({ ...value, conditions })}
      />
    </>
  );
}

interface TargetFieldsProps {
  resource: string | null;
  onChange: (resource: string | null) => void;
}

function TargetFields({ resource, onChange }: TargetFieldsProps) {
  const [{ target, typed }, setState] = useState(() => targetOf(resource));

  function change(nextTarget: Target, nextTyped: string) {
    setState({ target: nextTarget, typed: nextTyped });
    onChange(resourceOf(nextTarget, nextTyped));
  }

  const words = resource && resourceInWords(resource);
  return (
    <>
      <SelectField
        label="To what"
        value={target}
        options={TARGETS}
        onChange={(next) => change(next, next === "pattern" ? (resource ?? "") : "")}
        hint={!isWhole(target) && resource && (words ? `That is ${words}.` : <code>{resource}</code>)}
      />
      {!isWhole(target) && (
        <Field
          label={target === "file" ? "Path" : target === "branch" ? "Branch" : "Pattern"}
          value={typed}
          onChange={(next) => change(target, next)}
          hint={HINTS[target]}
        />
      )}
    </>
  );
}
