import { FieldError, Input, Label, Text, TextField, type TextFieldProps } from "react-aria-components";

interface FieldProps extends TextFieldProps {
  label: string;
  hint?: string;
  problem?: string | null;
}

/** A labelled text field with a hint and what is wrong with its value. */
export function Field({ label, hint, problem = null, ...props }: FieldProps) {
  return (
    <TextField {...props} isInvalid={problem !== null} className="field" validationBehavior="aria">
      <Label>{label}</Label>
      <Input className="input" autoComplete="off" spellCheck="false" />
      {hint && <Text slot="description">{hint}</Text>}
      <FieldError>{problem}</FieldError>
    </TextField>
  );
}
