import { Button, Dialog, Heading, Input, Label, Modal, ModalOverlay, TextField } from "react-aria-components";
import { copyText } from "../app/copy";

interface SecretProps {
  title: string;
  label: string;
  text: string;
  children: string;
  onClose: () => void;
}

/** A text that is shown this once. Only its button closes the dialog: a stray click must not lose it. */
export function Secret({ title, label, text, children, onClose }: SecretProps) {
  return (
    <ModalOverlay isOpen className="overlay" isKeyboardDismissDisabled>
      <Modal className="modal">
        <Dialog className="dialog">
          <Heading slot="title">{title}</Heading>
          <p className="mute lead">{children}</p>
          <TextField className="field" value={text} isReadOnly>
            <Label>{label}</Label>
            <Input className="input mono" onFocus={({ target }) => target.select()} />
          </TextField>
          <div className="actions end">
            <Button className="button" onPress={() => void copyText(text)} autoFocus>
              Copy
            </Button>
            <Button className="button primary" onPress={onClose}>
              Done
            </Button>
          </div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
