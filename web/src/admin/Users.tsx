import { useInfiniteQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { Button } from "react-aria-components";
import { listUsers, type UserDetail } from "../api/accounts";
import { KIND_NAMES, roleName } from "../app/words";
import { Field } from "../ui/Field";
import { Loaded } from "../ui/Loaded";
import { Notice } from "../ui/Notice";
import { type Column, Table } from "../ui/Table";
import { When } from "../ui/When";
import { Who } from "../ui/Who";
import { UserActions } from "./UserActions";
import { NewUserDialog } from "./UserDialogs";

/** Everybody with an account here. */
export function Users() {
  const [sought, setSought] = useState("");
  const [creating, setCreating] = useState(false);
  const q = useDeferredValue(sought.trim());
  const users = useInfiniteQuery({
    queryKey: ["users", "pages", q],
    queryFn: ({ pageParam }) => listUsers(q, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: (previous) => previous,
  });
  return (
    <>
      <div className="page-head">
        <h1>Users</h1>
        <Button className="button primary" onPress={() => setCreating(true)}>
          New user
        </Button>
      </div>
      <Field label="Find by name" type="search" value={sought} onChange={setSought} />
      <Loaded query={users} what="users">
        {({ pages }) => (
          <>
            <UserTable users={pages.flatMap(({ items }) => items)} sought={q} />
            {users.hasNextPage && (
              <Button
                className="button wide"
                onPress={() => void users.fetchNextPage({ cancelRefetch: false })}
              >
                {users.isFetchingNextPage ? "Loading…" : "Show more"}
              </Button>
            )}
          </>
        )}
      </Loaded>
      {creating && <NewUserDialog onClose={() => setCreating(false)} />}
    </>
  );
}

function UserTable({ users, sought }: { users: UserDetail[]; sought: string }) {
  if (users.length === 0) return <Notice title="Nobody is called that">No name has “{sought}” in it.</Notice>;
  return <Table label="Users" columns={COLUMNS} rows={users} keyOf={({ id }) => id} />;
}

const COLUMNS: readonly Column<UserDetail>[] = [
  {
    name: "Name",
    isRowHeader: true,
    cell: (user) => (
      <>
        <Who user={user} note="" />
        {user.disabled && <span className="tag bad">disabled</span>}
      </>
    ),
  },
  { name: "Kind", cell: ({ kind }) => KIND_NAMES[kind] },
  {
    name: "On the server",
    cell: ({ server_role: role }) => (role ? roleName(role) : <span className="mute">no role</span>),
  },
  {
    name: "Last seen",
    cell: ({ last_seen_at: at }) => (at ? <When at={at} /> : <span className="mute">never</span>),
  },
  { name: "", className: "row-actions", cell: (user) => <UserActions user={user} /> },
];
