import { useState } from "react";
import { Button } from "react-aria-components";
import { createKey, revokeToken, type Token } from "../api/accounts";
import { queryClient } from "../app/query";
import { toast } from "../app/toasts";
import { ACTION_NAMES, listed } from "../app/words";
import { ConfirmDialog } from "../ui/ConfirmDialog";
import { type Column, Table } from "../ui/Table";
import { Moment, When } from "../ui/When";
import { KeyDialog } from "./KeyDialog";

const reload = () => queryClient.invalidateQueries({ queryKey: ["tokens"] });

/** Your keys for programs: made, shown once, revoked. */
export function Keys({ keys }: { keys: Token[] }) {
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<Token | null>(null);
  return (
    <section className="section" aria-labelledby="keys-title">
      <div className="section-head">
        <h2 id="keys-title">Keys</h2>
        <Button className="button" onPress={() => setMaking(true)}>
          New key
        </Button>
      </div>
      {keys.length === 0 ? (
        <p className="mute">You have no keys. A key lets a program or an agent act for you.</p>
      ) : (
        <Table label="Keys" columns={columns(setRevoking)} rows={keys} keyOf={({ id }) => id} />
      )}
      {making && <KeyDialog hasKind onClose={() => setMaking(false)} make={createKey} onMade={reload} />}
      {revoking && <Revoke token={revoking} onClose={() => setRevoking(null)} />}
    </section>
  );
}

function columns(revoke: (token: Token) => void): readonly Column<Token>[] {
  return [
    {
      name: "Key",
      isRowHeader: true,
      cell: ({ name, kind }) => (
        <>
          {name}
          {kind === "agt" && <span className="tag">Agent</span>}
        </>
      ),
    },
    { name: "May", cell: ({ scopes }) => mayDo(scopes) },
    { name: "Last used", cell: ({ last_used_at: at }) => (at ? <When at={at} /> : "never") },
    { name: "Ends", cell: ({ expires_at: at }) => (at ? <Moment at={at} /> : "never") },
    {
      name: "",
      className: "row-actions",
      cell: (token) => (
        <Button className="button quiet" aria-label={`Revoke ${token.name}`} onPress={() => revoke(token)}>
          Revoke
        </Button>
      ),
    },
  ];
}

const mayDo = (scopes: Token["scopes"]) =>
  scopes === null ? "all that you may" : listed(scopes.map((scope) => ACTION_NAMES[scope].toLowerCase()));

function Revoke({ token, onClose }: { token: Token; onClose: () => void }) {
  async function revoke() {
    await revokeToken(token.id);
    await reload();
    toast(`${token.name} is revoked.`);
  }
  return (
    <ConfirmDialog title={`Revoke ${token.name}?`} submit="Revoke" onClose={onClose} onConfirm={revoke}>
      Programs that use this key lose their access at once. This cannot be undone.
    </ConfirmDialog>
  );
}
