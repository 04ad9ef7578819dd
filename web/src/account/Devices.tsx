import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { Button } from "react-aria-components";
import { revokeToken, signOutEverywhere, type Token } from "../api/accounts";
import { queryClient } from "../app/query";
import { forget } from "../app/storage";
import { toast, toastError } from "../app/toasts";
import { ConfirmDialog } from "../ui/ConfirmDialog";
import { type Column, Table } from "../ui/Table";
import { When } from "../ui/When";
import { deviceName } from "./device";

const COLUMNS: readonly Column<Token>[] = [
  {
    name: "Device",
    isRowHeader: true,
    cell: (session) => (
      <>
        {deviceName(session.user_agent)}
        {session.current && <span className="tag">This device</span>}
      </>
    ),
  },
  { name: "Address", cell: ({ address }) => <span className="mono">{address || "unknown"}</span> },
  { name: "Last used", cell: ({ last_used_at, created_at }) => <When at={last_used_at ?? created_at} /> },
  { name: "Signed in", cell: ({ created_at }) => <When at={created_at} /> },
  { name: "", className: "row-actions", cell: (session) => !session.current && <End session={session} /> },
];

/** Where you are signed in, with a way to end each. */
export function Devices({ sessions }: { sessions: Token[] }) {
  const [asking, setAsking] = useState(false);
  return (
    <section className="section" aria-labelledby="devices-title">
      <div className="section-head">
        <h2 id="devices-title">Where you are signed in</h2>
        <Button className="button" onPress={() => setAsking(true)}>
          Sign out everywhere
        </Button>
      </div>
      {sessions.length === 0 ? (
        <p className="mute">No browser is signed in; this page was opened with a key.</p>
      ) : (
        <Table label="Sessions" columns={COLUMNS} rows={sessions} keyOf={({ id }) => id} />
      )}
      {asking && <SignOutEverywhere onClose={() => setAsking(false)} />}
    </section>
  );
}

function End({ session }: { session: Token }) {
  async function end() {
    try {
      await revokeToken(session.id);
      await queryClient.invalidateQueries({ queryKey: ["tokens"] });
      toast(`${deviceName(session.user_agent)} is signed out.`);
    } catch (error) {
      toastError(error);
    }
  }
  return (
    <Button
      className="button quiet"
      aria-label={`Sign out ${deviceName(session.user_agent)}`}
      onPress={() => void end()}
    >
      Sign out
    </Button>
  );
}

function SignOutEverywhere({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  async function signOut() {
    await signOutEverywhere();
    forget("session");
    queryClient.clear();
    await navigate({ to: "/login" });
  }
  return (
    <ConfirmDialog title="Sign out everywhere?" submit="Sign out" onClose={onClose} onConfirm={signOut}>
      Every browser is signed out, this one too, and open editors are closed. Keys go on working.
    </ConfirmDialog>
  );
}
