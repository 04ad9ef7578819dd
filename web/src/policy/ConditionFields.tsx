import { Button } from "react-aria-components";
import { SelectField } from "../ui/Choices";
import { Field } from "../ui/Field";
import { Icon } from "../ui/Icon";
import { CONDITION_HINTS, CONDITION_KINDS, join, newCondition, split } from "./conditions";

interface ConditionFieldsProps {
  value: string[];
  onChange: (value: string[]) => void;
}

/** What must hold besides; all of it. */
export function ConditionFields({ value, onChange }: ConditionFieldsProps) {
  const set = (index: number, condition: string) =>
    onChange(value.map((each, at) => (at === index ? condition : each)));
  return (
    <>
      {value.map((condition, index) => (
        <ConditionRow
          // biome-ignore lint/suspicious/noArrayIndexKey: a condition that is being written has no name yet
          key={index}
          condition={condition}
          onChange={(changed) => set(index, changed)}
          onRemove={() => onChange(value.filter((_, at) => at !== index))}
        />
      ))}
      <Button className="link-button" onPress={() => onChange([...value, newCondition("time")])}>
        {value.length === 0 ? "Add a condition" : "Add another condition"}
      </Button>
    </>
  );
}

interface ConditionRowProps {
  condition: string;
  onChange: (condition: string) => void;
  onRemove: () => void;
}

function ConditionRow({ condition, onChange, onRemove }: ConditionRowProps) {
  const { kind, value } = split(condition);
  return (
    <div className="condition">
      <SelectField
        label="Only if"
        value={kind}
        options={CONDITION_KINDS}
        onChange={(next) => onChange(newCondition(next))}
      />
      {kind !== "owner" && (
        <Field
          label="Which"
          value={value}
          onChange={(next) => onChange(join(kind, next))}
          hint={CONDITION_HINTS[kind]}
        />
      )}
      <Button className="icon-button" aria-label="Remove the condition" onPress={onRemove}>
        <Icon name="close" />
      </Button>
    </div>
  );
}
