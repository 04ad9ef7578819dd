import { useQuery } from "@tanstack/react-query";
import { useId } from "react";
import { listUsers } from "../api/accounts";
import { useSession } from "../app/query";
import { Field } from "../ui/Field";

interface UserFieldProps {
  label?: string;
  value: string;
  onChange: (value: string) => void;
  /** Those who are likely meant. */
  known?: readonly { id: string; name: string }[];
}

/** Somebody by name. Administrators get everybody's name suggested; others those they know. */
export function UserField({ label = "Who", value, onChange, known = [] }: UserFieldProps) {
  const list = useId();
  const session = useSession();
  const found = useQuery({
    queryKey: ["users", value],
    queryFn: () => listUsers(value, null),
    enabled: session.data?.is_admin === true,
    placeholderData: (previous) => previous,
  });
  const names = new Set([...known, ...(found.data?.items ?? [])].map((user) => user.name));
  return (
    <>
      <Field
        label={label}
        hint="The name that they sign in with."
        value={value}
        onChange={onChange}
        list={list}
        autoFocus
      />
      <datalist id={list}>
        {[...names].map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </>
  );
}
