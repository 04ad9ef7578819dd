import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { Button, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { KeyDialog } from "../account/KeyDialog";
import { createKeyFor, type UserDetail } from "../api/accounts";
import { Icon } from "../ui/Icon";
import { ChangeUserDialog, DisableDialog, PasswordDialog, SignOutDialog } from "./UserDialogs";

type Asked = "change" | "password" | "key" | "sign-out" | "disable";

/** What an administrator can do with somebody. */
export function UserActions({ user }: { user: UserDetail }) {
  const navigate = useNavigate();
  const [asked, setAsked] = useState<Asked | null>(null);
  const item = (id: Asked, text: string) => (
    <MenuItem id={id} className="menu-item" onAction={() => setAsked(id)}>
      {text}
    </MenuItem>
  );
  return (
    <>
      <MenuTrigger>
        <Button className="icon-button" aria-label={`Actions for ${user.name}`}>
          <Icon name="more" />
        </Button>
        <Popover className="popover" placement="bottom end">
          <Menu className="menu" aria-label={`Actions for ${user.name}`}>
            {item("change", "Change name or role…")}
            {user.kind === "person" && item("password", "Set a password…")}
            {user.kind !== "person" && item("key", "Make a key…")}
            {item("sign-out", "Sign out everywhere…")}
            <MenuItem
              className="menu-item"
              onAction={() =>
                void navigate({
                  to: "/admin/$section",
                  params: { section: "explain" },
                  search: { user: user.name },
                })
              }
            >
              Explain what they may do
            </MenuItem>
            {item("disable", user.disabled ? "Enable…" : "Disable…")}
          </Menu>
        </Popover>
      </MenuTrigger>
      {asked && <Asking user={user} asked={asked} onClose={() => setAsked(null)} />}
    </>
  );
}

function Asking({ user, asked, onClose }: { user: UserDetail; asked: Asked; onClose: () => void }) {
  if (asked === "change") return <ChangeUserDialog user={user} onClose={onClose} />;
  if (asked === "password") return <PasswordDialog user={user} onClose={onClose} />;
  if (asked === "sign-out") return <SignOutDialog user={user} onClose={onClose} />;
  if (asked === "disable") return <DisableDialog user={user} onClose={onClose} />;
  return (
    <KeyDialog
      owner={user.name}
      make={({ kind: _kind, ...key }) => createKeyFor(user.id, key)}
      onClose={onClose}
    />
  );
}
