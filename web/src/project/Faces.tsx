import { Button, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { useStore } from "../app/store";
import { KIND_NAMES } from "../app/words";
import { useFileActions } from "../files/actions";
import { baseName } from "../files/paths";
import type { Person } from "../sync/presence";
import { Mark } from "../ui/Mark";
import { useWorkspace } from "./context";

const SHOWN = 6;

/** One face for each person, terminal and agent here; a list of all behind them leads to the files they look at. */
export function Faces() {
  const people = useStore(useWorkspace().sync.people);
  const others = people.filter((person) => !person.isYou);
  if (others.length === 0) return null;
  return (
    <MenuTrigger>
      <Button className="faces" aria-label={`Here now: ${others.map((person) => person.name).join(", ")}`}>
        {others.slice(0, SHOWN).map((person) => (
          <Mark key={person.id} kind={person.kind} hue={person.hue} name={person.name} />
        ))}
        {others.length > SHOWN && <span className="more">+{others.length - SHOWN}</span>}
      </Button>
      <Popover className="popover" placement="bottom end">
        <PeopleMenu people={others} />
      </Popover>
    </MenuTrigger>
  );
}

function PeopleMenu({ people }: { people: Person[] }) {
  const actions = useFileActions();
  return (
    <Menu className="menu people" aria-label="Here now">
      {people.map((person) => (
        <MenuItem
          key={person.id}
          className="menu-item person"
          textValue={person.name}
          isDisabled={person.path === null}
          onAction={() => person.path !== null && void actions.open(person.path)}
        >
          <PersonLine person={person} />
        </MenuItem>
      ))}
    </Menu>
  );
}

function PersonLine({ person }: { person: Person }) {
  return (
    <>
      <Mark kind={person.kind} hue={person.hue} name={person.name} />
      <span className="person-name">
        {person.name}
        {person.isYou && " (you)"}
      </span>
      <span className="mute">
        {person.path === null ? KIND_NAMES[person.kind] : `in ${baseName(person.path)}`}
      </span>
    </>
  );
}

/** Everybody here as a page of its own, for narrow screens. */
export function PeoplePanel() {
  const people = useStore(useWorkspace().sync.people);
  const actions = useFileActions();
  return (
    <section className="panel people-panel" aria-labelledby="people-title">
      <header className="panel-head">
        <h2 id="people-title">Here now</h2>
      </header>
      <ul className="people">
        {people.map((person) => (
          <li key={person.id}>
            <Button
              className="person"
              isDisabled={person.path === null}
              onPress={() => person.path !== null && void actions.open(person.path)}
            >
              <PersonLine person={person} />
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
