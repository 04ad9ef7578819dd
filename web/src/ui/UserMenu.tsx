import { useNavigate } from "@tanstack/react-router";
import {
  Button,
  Header,
  Menu,
  MenuItem,
  MenuSection,
  MenuTrigger,
  Popover,
  Text,
} from "react-aria-components";
import * as api from "../api";
import { queryClient } from "../app/query";
import { forget } from "../app/storage";
import { useStore } from "../app/store";
import { setTheme, THEME_NAMES, THEMES, theme } from "../app/theme";
import { toastError } from "../app/toasts";
import { Mark } from "./Mark";

/** Who you are, the theme, your account, and the way out. */
export function UserMenu({ session }: { session: api.Session }) {
  const chosen = useStore(theme);
  const navigate = useNavigate();
  const { user } = session;

  async function signOut() {
    try {
      await api.signOut();
      forget("session");
      queryClient.clear();
      await navigate({ to: "/login" });
    } catch (error) {
      toastError(error);
    }
  }

  return (
    <MenuTrigger>
      <Button className="face" aria-label={`Signed in as ${user.name}`}>
        <Mark kind={user.kind} hue={user.hue} name={user.name} />
      </Button>
      <Popover className="popover" placement="bottom end">
        <Menu className="menu" aria-label="Account">
          <MenuSection
            selectionMode="single"
            disallowEmptySelection
            selectedKeys={[chosen]}
            onSelectionChange={(keys) => {
              const picked = THEMES.find((each) => keys !== "all" && keys.has(each));
              if (picked) setTheme(picked);
            }}
          >
            <Header>
              {user.name}
              {session.anonymous && " (not signed in)"}
            </Header>
            {THEMES.map((each) => (
              <MenuItem key={each} id={each} textValue={THEME_NAMES[each]} className="menu-item">
                <Text slot="label">{THEME_NAMES[each]}</Text>
              </MenuItem>
            ))}
          </MenuSection>
          <MenuItem className="menu-item separated" onAction={() => void navigate({ to: "/me" })}>
            Account
          </MenuItem>
          {session.is_admin && (
            <MenuItem className="menu-item" onAction={() => void navigate({ to: "/admin" })}>
              Administration
            </MenuItem>
          )}
          <MenuItem className="menu-item separated" onAction={() => void signOut()}>
            {session.anonymous ? "Sign in…" : "Sign out"}
          </MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
