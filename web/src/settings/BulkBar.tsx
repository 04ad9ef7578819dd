import { useState } from "react";
import { Button } from "react-aria-components";
import type { User } from "../api";
import { counted } from "../app/words";
import { RemoveDialog, RoleDialog, TemplateDialog } from "./BulkDialogs";
import { GrantDialog } from "./GrantDialog";

const DIALOGS = {
  role: { name: "Set role", Dialog: RoleDialog },
  grant: { name: "Give access", Dialog: GrantDialog },
  template: { name: "Apply a template", Dialog: TemplateDialog },
  remove: { name: "Remove", Dialog: RemoveDialog },
} as const;
type Asked = keyof typeof DIALOGS;
const ALL = Object.keys(DIALOGS) as Asked[];

interface BulkBarProps {
  slug: string;
  people: readonly User[];
  onClear: () => void;
}

/** What can be done with all who are selected; there only while somebody is. */
export function BulkBar({ slug, people, onClear }: BulkBarProps) {
  const [asked, setAsked] = useState<Asked | null>(null);
  const Dialog = asked && DIALOGS[asked].Dialog;
  return (
    <>
      <p className="visually-hidden" role="status">
        {people.length > 0 && `${people.length} selected`}
      </p>
      {people.length > 0 && (
        <section className="bulk-bar" aria-label="With those selected">
          <strong>{counted(people.length, "person", "people")}</strong>
          {ALL.map((each) => (
            <Button key={each} className="button" onPress={() => setAsked(each)}>
              {DIALOGS[each].name}
            </Button>
          ))}
          <Button className="button quiet" onPress={onClear}>
            Clear
          </Button>
        </section>
      )}
      {Dialog && <Dialog slug={slug} people={people} onClose={() => setAsked(null)} />}
    </>
  );
}
