import { useMutation } from "@tanstack/react-query";
import { Button } from "react-aria-components";
import { verifyLog } from "../api/audit";
import { toast } from "../app/toasts";
import { counted } from "../app/words";
import { MessageDialog } from "../ui/MessageDialog";

/** Proves that nobody has changed, removed or reordered a row of the log. */
export function Verify() {
  const check = useMutation({
    mutationFn: verifyLog,
    onSuccess: ({ ok, chains }) => {
      if (ok) toast(`Nothing was changed: ${counted(chains, "chain holds", "chains hold")}.`);
    },
  });
  return (
    <>
      <Button className="button" onPress={() => check.isPending || check.mutate()}>
        {check.isPending ? "Verifying…" : "Verify"}
      </Button>
      {check.data && !check.data.ok && (
        <MessageDialog title="The log does not hold" onClose={check.reset}>
          <p className="lead">Rows were changed, removed or reordered after they were written:</p>
          <ul className="faults">
            {check.data.faults.map((fault) => {
              const text = typeof fault === "string" ? fault : JSON.stringify(fault);
              return <li key={text}>{text}</li>;
            })}
          </ul>
        </MessageDialog>
      )}
    </>
  );
}
