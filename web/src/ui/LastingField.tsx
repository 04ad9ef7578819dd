import { type Lasting, LENGTHS } from "../app/lasting";
import { SelectField } from "./Choices";
import { Field } from "./Field";

interface LastingFieldProps {
  label?: string;
  value: Lasting;
  onChange: (value: Lasting) => void;
  /** A moment of one's own may be chosen. */
  hasMoment?: boolean;
}

/** How long something holds. */
export function LastingField({ label = "Lasts", value, onChange, hasMoment = true }: LastingFieldProps) {
  const moment: [Lasting["choice"], string][] = hasMoment ? [["at", "Until a moment of my choice"]] : [];
  return (
    <>
      <SelectField
        label={label}
        value={value.choice}
        options={[["", "Without an end"], ...LENGTHS, ...moment]}
        onChange={(choice) => onChange({ ...value, choice })}
      />
      {value.choice === "at" && (
        <Field
          label="Until"
          type="datetime-local"
          value={value.at}
          onChange={(at) => onChange({ ...value, at })}
          isRequired
        />
      )}
    </>
  );
}
