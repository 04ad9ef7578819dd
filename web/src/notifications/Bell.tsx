import { Link } from "@tanstack/react-router";
import { Button, Dialog, DialogTrigger, Heading, Popover } from "react-aria-components";
import { useStore } from "../app/store";
import { useWorkspace } from "../project/context";
import { Icon } from "../ui/Icon";
import { When } from "../ui/When";

/** What happened without your doing; read out when it comes. */
export function Bell() {
  const { notifications } = useWorkspace();
  const list = useStore(notifications.list);
  const unread = list.filter(({ isRead }) => !isRead).length;
  return (
    <>
      <DialogTrigger onOpenChange={(open) => open || notifications.markRead()}>
        <Button
          className="icon-button bell"
          aria-label={unread > 0 ? `Notifications, ${unread} new` : "Notifications"}
        >
          <Icon name="bell" />
          {unread > 0 && (
            <span className="bell-count" aria-hidden="true">
              {unread > 9 ? "9+" : unread}
            </span>
          )}
        </Button>
        <Popover className="popover" placement="bottom end">
          <List />
        </Popover>
      </DialogTrigger>
      <div className="visually-hidden" aria-live="polite">
        {list[0]?.text}
      </div>
    </>
  );
}

function List() {
  const { notifications, slug } = useWorkspace();
  const list = useStore(notifications.list);
  return (
    <Dialog className="notifications">
      {({ close }) => (
        <>
          <header className="panel-head">
            <Heading slot="title">Notifications</Heading>
            {list.length > 0 && (
              <Button className="link-button" onPress={() => notifications.clear()}>
                Clear
              </Button>
            )}
          </header>
          {list.length === 0 && <p className="panel-note">Nothing has happened without you.</p>}
          <ul>
            {list.map(({ id, at, text, tone, isRead }) => (
              <li key={id} className={`notification notification-${tone}`} data-new={!isRead || undefined}>
                <p>{text}</p>
                <span className="mute">
                  <When at={at} />
                </span>
              </li>
            ))}
          </ul>
          <Link to="/p/$slug/leases" params={{ slug }} className="notifications-more" onClick={close}>
            All leases
          </Link>
        </>
      )}
    </Dialog>
  );
}
