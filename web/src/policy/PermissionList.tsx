import { Button } from "react-aria-components";
import { type Draft, NEW_PERMISSION, PermissionFields } from "./PermissionFields";

/** Any number of permissions. */
export function PermissionList({ value, onChange }: { value: Draft[]; onChange: (value: Draft[]) => void }) {
  return (
    <div className="permission-list">
      {value.map((permission, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a permission that is being written has no name yet
        <fieldset key={index}>
          <legend>Permission {index + 1}</legend>
          <PermissionFields
            value={permission}
            onChange={(changed) => onChange(value.map((each, at) => (at === index ? changed : each)))}
          />
          <Button
            className="button quiet"
            aria-label={`Remove permission ${index + 1}`}
            onPress={() => onChange(value.filter((_, at) => at !== index))}
          >
            Remove
          </Button>
        </fieldset>
      ))}
      <Button className="button" onPress={() => onChange([...value, NEW_PERMISSION])}>
        Add a permission
      </Button>
    </div>
  );
}
