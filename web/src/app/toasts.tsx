import {
  Button,
  Text,
  UNSTABLE_Toast as Toast,
  UNSTABLE_ToastContent as ToastContent,
  UNSTABLE_ToastQueue as ToastQueue,
  UNSTABLE_ToastRegion as ToastRegion,
} from "react-aria-components";
import { Icon } from "../ui/Icon";

interface Message {
  text: string;
  tone: "done" | "error";
  action?: { label: string; run: () => void };
}

const SHOWN_MS = 6000;

const queue = new ToastQueue<Message>({ maxVisibleToasts: 3 });

/** Says that something the user did is done, perhaps with a way back. Goes away after 6 s, but not under the pointer. */
export function toast(text: string, action?: Message["action"]): void {
  queue.add({ text, tone: "done", ...(action && { action }) }, { timeout: SHOWN_MS });
}

/** Says that something the user did has failed. Stays until it is closed. */
export function toastError(error: unknown): void {
  queue.add({ text: error instanceof Error ? error.message : String(error), tone: "error" });
}

/** Bottom left; F6 reaches it. */
export function Toasts() {
  return (
    <ToastRegion queue={queue} className="toasts">
      {({ toast: shown }) => (
        <Toast toast={shown} className={`toast toast-${shown.content.tone}`}>
          <ToastContent className="toast-text">
            <Text slot="title">{shown.content.text}</Text>
          </ToastContent>
          {shown.content.action && (
            <Button
              className="button quiet"
              onPress={() => {
                shown.content.action?.run();
                queue.close(shown.key);
              }}
            >
              {shown.content.action.label}
            </Button>
          )}
          <Button slot="close" className="icon-button" aria-label="Close">
            <Icon name="close" />
          </Button>
        </Toast>
      )}
    </ToastRegion>
  );
}
