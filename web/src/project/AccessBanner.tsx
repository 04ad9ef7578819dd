import { Link } from "@tanstack/react-router";
import { Button } from "react-aria-components";
import { useStore } from "../app/store";
import { Banner } from "../ui/Banner";
import { useWorkspace } from "./context";

/** Above everything else in the project: that you may no longer read it. */
export function AccessBanner() {
  const { sync, project } = useWorkspace();
  if (useStore(sync.access) !== "none") return null;
  const actions = (
    <>
      <Button className="button" onPress={() => sync.rejoin()}>
        Try again
      </Button>
      <Link to="/" className="button">
        All projects
      </Link>
    </>
  );
  return (
    <div className="access-banner">
      <Banner tone="bad" actions={actions}>
        Your access to {project.name} has ended. What you still see is no longer kept in step, and what you
        type is not saved.
      </Banner>
    </div>
  );
}
