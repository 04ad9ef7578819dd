import { type ReactNode, useId } from "react";
import { toggled } from "./Table";

interface Option<K extends string> {
  id: K;
  name: string;
  hint?: string;
}

interface SelectFieldProps<K extends string> {
  label: string;
  value: K;
  onChange: (value: K) => void;
  options: readonly (readonly [K, string])[];
  hint?: ReactNode;
}

/** One of a few values. */
export function SelectField<K extends string>({
  label,
  value,
  onChange,
  options,
  hint,
}: SelectFieldProps<K>) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        className="input select"
        value={value}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={({ target }) => onChange(target.value as K)}
      >
        {options.map(([key, name]) => (
          <option key={key} value={key}>
            {name}
          </option>
        ))}
      </select>
      {hint && (
        <p id={`${id}-hint`} className="hint">
          {hint}
        </p>
      )}
    </div>
  );
}

interface RadioFieldProps<K extends string> {
  label: string;
  value: K;
  onChange: (value: K) => void;
  options: readonly Option<K>[];
}

/** One of a few values, all in view. */
export function RadioField<K extends string>({ label, value, onChange, options }: RadioFieldProps<K>) {
  const name = useId();
  return (
    <fieldset className="field choices">
      <legend>{label}</legend>
      {options.map((option) => (
        <label key={option.id}>
          <input
            type="radio"
            name={name}
            checked={option.id === value}
            onChange={() => onChange(option.id)}
          />
          <Choice option={option} />
        </label>
      ))}
    </fieldset>
  );
}

interface CheckFieldProps<K extends string> {
  label: string;
  values: ReadonlySet<K>;
  onChange: (values: ReadonlySet<K>) => void;
  options: readonly Option<K>[];
  hint?: string;
}

/** Any of a few values. */
export function CheckField<K extends string>({ label, values, onChange, options, hint }: CheckFieldProps<K>) {
  return (
    <fieldset className="field choices inline">
      <legend>{label}</legend>
      {options.map((option) => (
        <label key={option.id}>
          <input
            type="checkbox"
            checked={values.has(option.id)}
            onChange={() => onChange(toggled(values, option.id))}
          />
          <Choice option={option} />
        </label>
      ))}
      {hint && <p className="hint">{hint}</p>}
    </fieldset>
  );
}

function Choice({ option: { name, hint } }: { option: Option<string> }) {
  return (
    <span>
      {name}
      {hint && <small>{hint}</small>}
    </span>
  );
}
