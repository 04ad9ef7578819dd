import { Link, useLocation } from "@tanstack/react-router";
import { Button } from "react-aria-components";
import { ApiError } from "../api";
import { useStore } from "../app/store";
import type { Entry } from "../files/tree";
import { useLeases } from "../leases/useLeases";
import type { Status } from "../sync/status";
import { useWorkspace } from "./context";

/** The connection and what is unsent, always; where the caret is and what the file is made of, where there is room. */
export function StatusBar({ entry, status }: { entry: Entry | null; status: Status }) {
  return (
    <footer className="statusbar">
      <Connection status={status} />
      {status.unsent > 0 && (
        <span className={status.late ? "unsent late" : "unsent"} data-testid="unsent">
          {status.unsent} unsent
        </span>
      )}
      <LeaseOutage />
      <span className="spacer" />
      <EditorFacts entry={entry} />
    </footer>
  );
}

/** That no leases are given out, if the server says so. */
function LeaseOutage() {
  const { error } = useLeases();
  const isOut = error instanceof ApiError && error.problem.code === "lease.unavailable";
  return (
    <span role="status" className="lease-outage">
      {isOut && "No leases are given out right now; text editing goes on"}
    </span>
  );
}

function Connection({ status }: { status: Status }) {
  const { sync } = useWorkspace();
  const next = useLocation({ select: (location) => location.href });
  return (
    <div className={`connection tone-${status.tone}`}>
      <span className="dot" aria-hidden="true" />
      <span role="status" data-testid="connection">
        {status.sentence}
        {/* Seen, but not read out every second. */}
        {status.countdown !== null && <span aria-hidden="true"> in {status.countdown} s</span>}
      </span>
      {status.action === "retry" && (
        <Button className="link-button" onPress={sync.socket.retryNow}>
          Try now
        </Button>
      )}
      {status.action === "sign-in" && (
        <Link to="/login" search={{ next }} className="link-button">
          Sign in
        </Link>
      )}
    </div>
  );
}

function EditorFacts({ entry }: { entry: Entry | null }) {
  const info = useStore(useWorkspace().editorInfo);
  if (info === null || entry === null) return null;
  return (
    <div className="facts">
      <span id="editor-help" className="help">
        Esc, then Tab leaves the editor
      </span>
      <span>
        Ln {info.line}, Col {info.column}
        {info.selected > 0 && ` (${info.selected} selected)`}
      </span>
      <span>{info.language}</span>
      <span>{entry.eol.toUpperCase()}</span>
    </div>
  );
}
