import { useMemo, useState } from "react";
import {
  Autocomplete,
  Dialog,
  Header,
  Input,
  Menu,
  MenuItem,
  MenuSection,
  Modal,
  ModalOverlay,
  SearchField,
} from "react-aria-components";
import { useStore } from "../app/store";
import { useFileActions } from "../files/actions";
import { baseName, parentOf } from "../files/paths";
import type { Entry } from "../files/tree";
import { useWorkspace } from "../project/context";
import { type Command, useCommands } from "./commands";
import { search } from "./search";

const MOST_FILES = 30;

/** The command box: go to a file or run a command by typing a part of its name. */
export function Palette({ viewed }: { viewed: Entry | null }) {
  const { palette } = useWorkspace();
  const isOpen = useStore(palette);
  return (
    <ModalOverlay
      isOpen={isOpen}
      onOpenChange={(open) => palette.set(open)}
      isDismissable
      className="overlay top"
    >
      <Modal className="modal palette">
        <Dialog aria-label="Command box" className="dialog">
          <Finder viewed={viewed} onDone={() => palette.set(false)} />
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

function Finder({ viewed, onDone }: { viewed: Entry | null; onDone: () => void }) {
  const [query, setQuery] = useState("");
  const actions = useFileActions();
  const commands = useCommands(viewed);
  const entries = useStore(useWorkspace().sync.entries);
  const paths = useMemo(
    () => [...entries.values()].flatMap(({ kind, path }) => (kind === "directory" ? [] : [path])).sort(),
    [entries],
  );
  const found = search(query, paths, (path) => path, MOST_FILES);
  const offered = search(query, commands, (command) => command.name, commands.length);

  const run = (action: () => void) => () => {
    onDone();
    action();
  };

  return (
    <Autocomplete inputValue={query} onInputChange={setQuery}>
      <SearchField aria-label="Go to a file or run a command" autoFocus className="palette-field">
        <Input className="palette-input" placeholder="A file or a command" />
      </SearchField>
      <Menu
        className="menu palette-list"
        aria-label="Matches"
        renderEmptyState={() => <p className="mute">Nothing fits.</p>}
      >
        {found.length > 0 && (
          <MenuSection>
            <Header>Files</Header>
            {found.map((path) => (
              <MenuItem
                key={path}
                id={path}
                textValue={path}
                className="menu-item"
                onAction={run(() => void actions.edit(path))}
              >
                <span>{baseName(path)}</span>
                <span className="mute">{parentOf(path)}</span>
              </MenuItem>
            ))}
          </MenuSection>
        )}
        {offered.length > 0 && (
          <MenuSection>
            <Header>Commands</Header>
            {offered.map((command) => (
              <CommandItem key={command.name} command={command} onAction={run(command.run)} />
            ))}
          </MenuSection>
        )}
      </Menu>
    </Autocomplete>
  );
}

function CommandItem({ command, onAction }: { command: Command; onAction: () => void }) {
  return (
    <MenuItem id={command.name} textValue={command.name} className="menu-item" onAction={onAction}>
      <span>{command.name}</span>
      {command.keys && <kbd>{command.keys}</kbd>}
    </MenuItem>
  );
}
