import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "react-aria-components";
import type { Project } from "../api";
import { type Act, exportActsUrl, type Filter, listActs } from "../api/audit";
import { useProjects } from "../app/query";
import { Icon } from "../ui/Icon";
import { Loaded } from "../ui/Loaded";
import { Notice } from "../ui/Notice";
import { ActRow } from "./ActRow";
import { FilterBar } from "./FilterBar";
import { Verify } from "./Verify";

/** What happened: in one project, or (`project` null) on the server and in all projects. */
export function Audit({ project }: { project: Project | null }) {
  const slug = project?.slug ?? null;
  const [filter, setFilter] = useState<Filter>({});
  const log = useInfiniteQuery({
    queryKey: ["audit", slug, filter],
    queryFn: ({ pageParam }) => listActs(slug, filter, pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
  return (
    <>
      <div className="page-head">
        <h1>Audit log</h1>
        <div className="actions">
          {(["csv", "json"] as const).map((format) => (
            <a key={format} className="button" href={exportActsUrl(slug, filter, format)} download>
              <Icon name="download" /> {format.toUpperCase()}
            </a>
          ))}
          {project === null && <Verify />}
        </div>
      </div>
      <FilterBar value={filter} onChange={setFilter} hasProjects={project === null} />
      <Loaded query={log} what="acts">
        {({ pages }) => (
          <Acts
            acts={pages.flatMap(({ items }) => items)}
            isEverywhere={project === null}
            isFiltered={Object.keys(filter).length > 0}
            more={log.hasNextPage ? () => void log.fetchNextPage({ cancelRefetch: false }) : null}
            isBusy={log.isFetchingNextPage}
          />
        )}
      </Loaded>
    </>
  );
}

interface ActsProps {
  acts: Act[];
  isEverywhere: boolean;
  isFiltered: boolean;
  more: (() => void) | null;
  isBusy: boolean;
}

function Acts({ acts, isEverywhere, isFiltered, more, isBusy }: ActsProps) {
  const projects = useProjects();
  const names = new Map((projects.data ?? []).map(({ id, name }) => [id, name]));
  const placeOf = ({ project_id: id }: Act) => (isEverywhere && id ? (names.get(id) ?? id) : null);
  if (acts.length === 0)
    return (
      <Notice title={isFiltered ? "Nothing fits" : "Nothing has happened yet"}>
        {isFiltered && "No act of the log has all that the filter asks for."}
      </Notice>
    );
  return (
    <>
      <ul className="acts">
        {acts.map((act) => (
          <ActRow key={`${act.project_id}/${act.seq}`} act={act} place={placeOf(act)} />
        ))}
      </ul>
      {more && (
        <Button className="button wide" onPress={more}>
          {isBusy ? "Loading…" : "Show older"}
        </Button>
      )}
    </>
  );
}
