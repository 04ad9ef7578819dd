import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Button } from "react-aria-components";
import { ApiError } from "../api";
import { ToSignIn } from "../app/ToSignIn";
import { Notice, Skeleton } from "./Notice";

interface LoadedProps<T> {
  query: Pick<UseQueryResult<T>, "data" | "error" | "refetch">;
  /** What is asked for, in the plural: "members". */
  what: string;
  children: (data: T) => ReactNode;
}

/** What the server answered; else rows to come, a closed door, or an error with a way to try again. */
export function Loaded<T>({ query: { data, error, refetch }, what, children }: LoadedProps<T>) {
  if (error instanceof ApiError && error.status === 401) return <ToSignIn />;
  if (error instanceof ApiError && (error.status === 403 || error.status === 404)) return <Closed />;
  if (data !== undefined) return children(data);
  if (error === null) return <Skeleton rows={5} label={`Loading ${what}`} />;
  return (
    <Notice
      title={`The ${what} could not be loaded`}
      actions={
        <Button className="button primary" onPress={() => void refetch()}>
          Try again
        </Button>
      }
    >
      {error.message}
    </Notice>
  );
}

/** What somebody sees who may not see this. */
export function Closed() {
  return (
    <Notice title="This is not open to you">
      Your role does not allow it. Ask an owner of the project, or an administrator.
    </Notice>
  );
}
