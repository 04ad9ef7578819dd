import { type ReactNode, useState } from "react";
import { Button } from "react-aria-components";
import type { BulkResult } from "../api/access";
import { queryClient } from "../app/query";
import { toast } from "../app/toasts";
import { counted } from "../app/words";
import { FormDialog } from "../ui/FormDialog";
import { Table } from "../ui/Table";
import { stateInWords } from "./changes";

interface PreviewDialogProps {
  slug: string;
  title: string;
  submit: string;
  children: ReactNode;
  run: (dryRun: boolean) => Promise<BulkResult>;
  isReady: boolean;
  isHarmful?: boolean;
  onClose: () => void;
}

/** Asks for changes of access, shows what they would do, and makes them: all or none. */
export function PreviewDialog({ slug, title, submit, children, run, isReady, ...props }: PreviewDialogProps) {
  const { isHarmful = false, onClose } = props;
  const [preview, setPreview] = useState<BulkResult | null>(null);

  async function go() {
    if (preview === null) {
      setPreview(await run(true));
      return "stay";
    }
    const { results } = await run(false);
    await Promise.all(
      ["members", "grants"].map((list) => queryClient.invalidateQueries({ queryKey: [list, slug] })),
    );
    toast(`${counted(results.length, "change", "changes")} made.`);
    return undefined;
  }

  return (
    <FormDialog
      title={title}
      submit={preview === null ? "Preview" : submit}
      onClose={onClose}
      onSubmit={go}
      isDisabled={!isReady}
      isHarmful={isHarmful && preview !== null}
      isWide={preview !== null}
    >
      {preview === null ? (
        children
      ) : (
        <>
          <p className="lead">Nothing is changed yet. This is what will be:</p>
          <Changes result={preview} />
          <Button className="link-button" onPress={() => setPreview(null)}>
            Back to the choices
          </Button>
        </>
      )}
    </FormDialog>
  );
}

function Changes({ result }: { result: BulkResult }) {
  return (
    <Table
      label="What will change"
      columns={[
        { name: "Who", isRowHeader: true, cell: ({ user }) => user },
        { name: "Before", cell: ({ before }) => stateInWords(before) },
        { name: "After", cell: ({ after }) => stateInWords(after) },
      ]}
      rows={result.results.map((change, index) => ({ ...change, key: `${index}` }))}
      keyOf={({ key }) => key}
    />
  );
}
