import "../styles/admin.css";
import { useQuery } from "@tanstack/react-query";
import type { Session } from "../api";
import { listTokens } from "../api/accounts";
import { SignedIn } from "../app/SignedIn";
import { useStore } from "../app/store";
import { setTheme, THEME_NAMES, THEMES, theme } from "../app/theme";
import { useTitle } from "../app/useTitle";
import { KIND_NAMES } from "../app/words";
import { RadioField } from "../ui/Choices";
import { Loaded } from "../ui/Loaded";
import { PageFrame } from "../ui/PageFrame";
import { Who } from "../ui/Who";
import { Devices } from "./Devices";
import { Keys } from "./Keys";
import { Password } from "./Password";
import { Provider } from "./Provider";

export function AccountPage() {
  return <SignedIn>{(session) => <Account session={session} />}</SignedIn>;
}

function Account({ session }: { session: Session }) {
  useTitle("Account");
  return (
    <PageFrame session={session}>
      <div className="page-head">
        <h1>Account</h1>
        <Who user={session.user} note={session.is_admin ? "Administrator" : KIND_NAMES[session.user.kind]} />
      </div>
      <Appearance />
      {!session.anonymous && <Access session={session} />}
    </PageFrame>
  );
}

function Appearance() {
  const chosen = useStore(theme);
  return (
    <section className="section">
      <h2>Appearance</h2>
      <RadioField
        label="Theme"
        value={chosen}
        onChange={setTheme}
        options={THEMES.map((id) => ({ id, name: THEME_NAMES[id] }))}
      />
    </section>
  );
}

function Access({ session }: { session: Session }) {
  const tokens = useQuery({ queryKey: ["tokens"], queryFn: listTokens });
  return (
    <>
      <Password session={session} />
      <Provider />
      <Loaded query={tokens} what="sessions and keys">
        {(all) => (
          <>
            <Devices sessions={all.filter(({ kind }) => kind === "ses")} />
            <Keys keys={all.filter(({ kind }) => kind !== "ses")} />
          </>
        )}
      </Loaded>
    </>
  );
}
