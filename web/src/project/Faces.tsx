import { Button, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { KIND_NAMES } from "../app/words";
import { useFileActions } from "../files/actions";
import { baseName } from "../files/paths";
import { faces, type Present } from "../sync/sessions";
import { Mark } from "../ui/Mark";
import { usePresent } from "./useSessions";

const SHOWN = 6;

/** One face for each person, terminal and agent here; a list of all behind them leads to the files they look at. */
export function Faces() {
  const others = faces(usePresent());
  if (others.length === 0) return null;
  return (
    <MenuTrigger>
      <Button className="faces" aria-label={`Here now: ${others.map(({ user }) => user.name).join(", ")}`}>
        {others.slice(0, SHOWN).map(({ key, user }) => (
          <Mark key={key} kind={user.kind} hue={user.hue} name={user.name} />
        ))}
        {others.length > SHOWN && <span className="more">+{others.length - SHOWN}</span>}
      </Button>
      <Popover className="popover" placement="bottom end">
        <PeopleMenu people={others} />
      </Popover>
    </MenuTrigger>
  );
}

function PeopleMenu({ people }: { people: Present[] }) {
  const actions = useFileActions();
  return (
    <Menu className="menu people" aria-label="Here now">
      {people.map((person) => (
        <MenuItem
          key={person.key}
          className="menu-item person"
          textValue={person.user.name}
          isDisabled={person.path === null}
          onAction={() => person.path !== null && void actions.open(person.path)}
        >
          <PersonLine person={person} />
        </MenuItem>
      ))}
    </Menu>
  );
}

function PersonLine({ person: { user, path, isYou } }: { person: Present }) {
  return (
    <>
      <Mark kind={user.kind} hue={user.hue} name={user.name} />
      <span className="person-name">
        {user.name}
        {isYou && " (you)"}
      </span>
      <span className="mute">{path === null ? KIND_NAMES[user.kind] : `in ${baseName(path)}`}</span>
    </>
  );
}
