import { FieldError, Input, Label, Text, TextField, type TextFieldProps } from "react-aria-components";

interface FieldProps extends TextFieldProps {
  label: string;
  hint?: string;
  problem?: string | null;
  /** The id of a `<datalist>` with suggestions. */
  list?: string;
}

/** A labelled text field with a hint and what is wrong with its value. */
export function Field({ label, hint, problem = null, list, ...props }: FieldProps) {
  return (
    <TextField
      autoComplete="off"
      {...props}
      isInvalid={problem !== null}
      className="field"
      validationBehavior="aria"
    >
      <Label>{label}</Label>
      <Input className="input" spellCheck="false" {...(list && { list })} />
      {hint && <Text slot="description">{hint}</Text>}
      <FieldError>{problem}</FieldError>
    </TextField>
  );
}
