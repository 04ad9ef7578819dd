import { Button } from "react-aria-components";
import { useNow } from "../app/clock";
import { useStore } from "../app/store";
import { KIND_NAMES } from "../app/words";
import { useFileActions } from "../files/actions";
import { baseName } from "../files/paths";
import { remaining } from "../leases/leases";
import type { Present } from "../sync/sessions";
import { Mark } from "../ui/Mark";
import { useWorkspace } from "./context";
import { usePresent } from "./useSessions";

const ROLE_NAMES = { primary: "Primary", secondary: "Secondary" };

/** Everybody who is in the project, whichever way; a press leads to the file they look at. */
export function HereNow() {
  const present = usePresent();
  const { phase } = useStore(useWorkspace().control.state);
  return (
    <section aria-labelledby="people-title">
      <header className="panel-head">
        <h2 id="people-title">Here now</h2>
        <span className="mute">{present.filter(({ isAway }) => !isAway).length}</span>
      </header>
      <ul className="here">
        {present.map((one) => (
          <li key={one.key}>
            <Entry one={one} />
          </li>
        ))}
      </ul>
      {phase === "refused" && (
        <p className="panel-note">You do not hear of others here: it takes the right to read the project.</p>
      )}
    </section>
  );
}

function Entry({ one }: { one: Present }) {
  const actions = useFileActions();
  const { path } = one;
  if (path === null)
    return (
      <div className="here-row">
        <Line one={one} />
      </div>
    );
  return (
    <Button className="here-row" onPress={() => void actions.open(path)}>
      <Line one={one} />
    </Button>
  );
}

function Line({ one }: { one: Present }) {
  const { user, isAway, role } = one;
  return (
    <>
      <span className={isAway ? "here-mark is-away" : "here-mark"}>
        <Mark kind={user.kind} hue={user.hue} name={user.name} />
      </span>
      <span className="here-text">
        <span className="here-name">
          {user.name}
          {one.isYou && <span className="mute">{one.isThisTab ? " (you)" : " (you, elsewhere)"}</span>}
        </span>
        <span className="mute here-about">{isAway ? <Away until={one.until} /> : about(one)}</span>
      </span>
      {role !== null && <span className={role === "primary" ? "tag" : "here-role"}>{ROLE_NAMES[role]}</span>}
    </>
  );
}

/** What they are and where, in words. */
function about({ user, name, path }: Present): string {
  const what = user.kind === "person" ? [] : [name || KIND_NAMES[user.kind]];
  const where = path === null ? [] : [`in ${baseName(path)}`];
  return [...what, ...where].join(", ") || "in no file";
}

function Away({ until }: { until: string | null }) {
  if (until === null) return "away";
  return <Window until={until} />;
}

/** For how long they may still come back. */
function Window({ until }: { until: string }) {
  const left = remaining(Date.parse(until), useNow());
  return <>away, reconnect window {left}</>;
}
