import { type FormEvent, type ReactNode, useState } from "react";
import { Button, Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";

interface FormDialogProps {
  title: string;
  submit: string;
  children: ReactNode;
  onClose: () => void;
  /** Closes the dialog when it succeeds, unless it gives "stay"; the message of what it throws is shown. */
  onSubmit: () => Promise<unknown>;
  isDisabled?: boolean;
  /** It takes something away. */
  isHarmful?: boolean;
  isWide?: boolean;
}

/** A question with fields, answered by Enter, left by Escape. */
export function FormDialog({
  title,
  submit,
  children,
  onClose,
  onSubmit,
  isDisabled = false,
  isHarmful = false,
  isWide = false,
}: FormDialogProps) {
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function run(event: FormEvent) {
    event.preventDefault();
    if (busy || isDisabled) return;
    setBusy(true);
    setError(null);
    try {
      if ((await onSubmit()) !== "stay") onClose();
    } catch (failure) {
      setError(failure instanceof Error ? failure.message : String(failure));
    } finally {
      setBusy(false);
    }
  }

  return (
    <ModalOverlay isOpen isDismissable onOpenChange={(open) => open || onClose()} className="overlay">
      <Modal className={isWide ? "modal wide" : "modal"}>
        <Dialog className="dialog">
          <form onSubmit={run}>
            <Heading slot="title">{title}</Heading>
            {children}
            {error !== null && (
              <p className="form-error" role="alert">
                {error}
              </p>
            )}
            <div className="actions end">
              <Button className="button quiet" onPress={onClose}>
                Cancel
              </Button>
              <Button
                className={isHarmful ? "button harmful" : "button primary"}
                type="submit"
                isDisabled={isDisabled}
              >
                {busy ? `${submit}…` : submit}
              </Button>
            </div>
          </form>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
