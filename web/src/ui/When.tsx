import { showDistance, showMoment } from "../app/time";

/** A moment by its distance, "3 hours ago"; its title says it exactly. */
export function When({ at }: { at: string }) {
  return (
    <time dateTime={at} title={showMoment(at)}>
      {showDistance(at, Date.now())}
    </time>
  );
}

/** A moment said exactly. */
export function Moment({ at }: { at: string }) {
  return <time dateTime={at}>{showMoment(at)}</time>;
}
