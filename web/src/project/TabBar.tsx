import { Link } from "@tanstack/react-router";
import type { MouseEvent } from "react";
import { Button } from "react-aria-components";
import { baseName, parentOf } from "../files/paths";
import type { Entries } from "../sync/project";
import { Icon } from "../ui/Icon";
import { useWorkspace } from "./context";
import type { Tab } from "./tabs";

interface TabBarProps {
  tabs: readonly Tab[];
  viewed: string | null;
  entries: Entries;
  onClose: (id: string) => void;
}

/** The open files. The middle button closes one, too. */
export function TabBar({ tabs, viewed, entries, onClose }: TabBarProps) {
  const { slug } = useWorkspace();
  if (tabs.length === 0) return null;
  return (
    <nav className="tabs" aria-label="Open files">
      <ul>
        {tabs.map(({ id, path }) => (
          <li key={id} className={id === viewed ? "tab is-active" : "tab"}>
            <Link
              to="/p/$slug/f/$"
              params={{ slug, _splat: path }}
              title={path}
              aria-current={id === viewed ? "page" : undefined}
              className={entries.has(id) ? "" : "is-deleted"}
              onAuxClick={(event: MouseEvent) => event.button === 1 && onClose(id)}
            >
              {baseName(path)}
              {isAmbiguous(path, tabs) && <span className="mute"> {parentOf(path) || "/"}</span>}
            </Link>
            <Button
              className="icon-button"
              aria-label={`Close ${baseName(path)}`}
              onPress={() => onClose(id)}
            >
              <Icon name="close" />
            </Button>
          </li>
        ))}
      </ul>
    </nav>
  );
}

const isAmbiguous = (path: string, tabs: readonly Tab[]) =>
  tabs.filter((tab) => baseName(tab.path) === baseName(path)).length > 1;
