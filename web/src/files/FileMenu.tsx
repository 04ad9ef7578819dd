import { Button, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { fileUrl } from "../api";
import { useWorkspace } from "../project/context";
import { Icon } from "../ui/Icon";
import { useFileActions } from "./actions";
import { baseName, parentOf } from "./paths";
import type { Node } from "./tree";

/** What can be done to one file or folder. */
export function FileMenu({ node }: { node: Node }) {
  const { slug, writable, dialog } = useWorkspace();
  const actions = useFileActions();
  const folder = node.kind === "directory" ? node.path : parentOf(node.path);
  if (!writable && node.kind === "directory") return null;
  return (
    <MenuTrigger>
      <Button className="icon-button tree-menu" aria-label={`Actions for ${node.name}`}>
        <Icon name="more" />
      </Button>
      <Popover className="popover" placement="bottom end">
        <Menu className="menu" aria-label={`Actions for ${node.name}`}>
          {writable && (
            <>
              <MenuItem
                className="menu-item"
                onAction={() => dialog.set({ kind: "rename", path: node.path })}
              >
                Rename or move… <kbd>F2</kbd>
              </MenuItem>
              <MenuItem className="menu-item" onAction={() => dialog.set({ kind: "new-file", folder })}>
                New file here…
              </MenuItem>
              <MenuItem className="menu-item" onAction={() => dialog.set({ kind: "new-folder", folder })}>
                New folder here…
              </MenuItem>
            </>
          )}
          {node.kind !== "directory" && (
            <MenuItem className="menu-item" href={fileUrl(slug, node.path)} download={baseName(node.path)}>
              Download
            </MenuItem>
          )}
          {writable && (
            <MenuItem className="menu-item separated bad" onAction={() => void actions.remove(node.path)}>
              Delete <kbd>Del</kbd>
            </MenuItem>
          )}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
