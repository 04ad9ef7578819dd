import { Link, useNavigate } from "@tanstack/react-router";
import { Button, Menu, MenuItem, MenuTrigger, Popover, ToggleButton } from "react-aria-components";
import { useProjects } from "../app/query";
import { useStore } from "../app/store";
import { LeaseChip } from "../leases/LeaseChip";
import { Bell } from "../notifications/Bell";
import { Icon } from "../ui/Icon";
import { UserMenu } from "../ui/UserMenu";
import { Wordmark } from "../ui/Wordmark";
import { useWorkspace } from "./context";
import { Faces } from "./Faces";

export function TopBar() {
  const { palette, session, slug } = useWorkspace();
  return (
    <header className="topbar">
      <Wordmark />
      <ProjectSwitcher />
      <LeaseChip />
      <Button className="command-box" onPress={() => palette.set(true)}>
        <Icon name="search" />
        <span className="command-hint">Go to a file or run a command</span>
        <kbd>Ctrl K</kbd>
      </Button>
      <span className="spacer" />
      <Faces />
      <Link to="/p/$slug/settings" params={{ slug }} className="button" aria-label="Share">
        <Icon name="people" /> <span className="wide-only">Share</span>
      </Link>
      <Bell />
      <AsideToggle />
      <UserMenu session={session} />
    </header>
  );
}

function AsideToggle() {
  const { aside } = useWorkspace();
  return (
    <ToggleButton
      className="icon-button aside-toggle"
      aria-label="People and leases"
      isSelected={useStore(aside)}
      onChange={(shown) => aside.set(shown)}
    >
      <Icon name="aside" />
    </ToggleButton>
  );
}

function ProjectSwitcher() {
  const { project } = useWorkspace();
  const navigate = useNavigate();
  const projects = useProjects();
  return (
    <MenuTrigger>
      <Button className="switcher" aria-label={`Project ${project.name}, switch`}>
        <span>{project.name}</span>
        <Icon name="down" />
      </Button>
      <Popover className="popover" placement="bottom start">
        <Menu className="menu" aria-label="Projects">
          {(projects.data ?? [project]).map(({ slug, name }) => (
            <MenuItem
              key={slug}
              className="menu-item"
              onAction={() => void navigate({ to: "/p/$slug", params: { slug } })}
            >
              {name}
            </MenuItem>
          ))}
          <MenuItem className="menu-item separated" onAction={() => void navigate({ to: "/" })}>
            All projects
          </MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
