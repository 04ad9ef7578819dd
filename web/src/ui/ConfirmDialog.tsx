import type { ReactNode } from "react";
import { FormDialog } from "./FormDialog";

interface ConfirmDialogProps {
  title: string;
  /** What the button does, in one or two words. */
  submit: string;
  children: ReactNode;
  onClose: () => void;
  onConfirm: () => Promise<void>;
}

/** Asks once more before something that cannot be undone. */
export function ConfirmDialog({ onConfirm, children, ...props }: ConfirmDialogProps) {
  return (
    <FormDialog {...props} onSubmit={onConfirm} isHarmful>
      <p className="lead">{children}</p>
    </FormDialog>
  );
}
