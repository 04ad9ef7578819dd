const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const time = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const ago = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const length = (unit: "minute" | "hour" | "day") =>
  new Intl.NumberFormat(undefined, { style: "unit", unit, unitDisplay: "long" });

const MINUTE_S = 60;
const HOUR_S = 60 * MINUTE_S;
const DAY_S = 24 * HOUR_S;
const RELATIVE_DAYS = 14;

/** Day and time, e.g. "12 Aug 2026, 14:00". */
export const showMoment = (iso: string) => full.format(new Date(iso));

/** The time of the day, e.g. "14:02". */
export const showTime = (iso: string) => time.format(new Date(iso));

export const showDay = (iso: string) => day.format(new Date(iso));

/** How far away a moment is, e.g. "in 3 hours"; the day when that is more than two weeks. */
export function showDistance(iso: string, now: number): string {
  const seconds = (Date.parse(iso) - now) / 1000;
  const size = Math.abs(seconds);
  if (size < MINUTE_S) return seconds > 0 ? "in less than a minute" : "just now";
  if (size < HOUR_S) return ago.format(Math.trunc(seconds / MINUTE_S), "minute");
  if (size < DAY_S) return ago.format(Math.trunc(seconds / HOUR_S), "hour");
  if (size < RELATIVE_DAYS * DAY_S) return ago.format(Math.trunc(seconds / DAY_S), "day");
  return showDay(iso);
}

/** A length of time in its largest whole unit, e.g. "8 hours". */
export function showLength(seconds: number): string {
  if (seconds % DAY_S === 0) return length("day").format(seconds / DAY_S);
  if (seconds % HOUR_S === 0) return length("hour").format(seconds / HOUR_S);
  return length("minute").format(Math.round(seconds / MINUTE_S));
}

/** The value of a `datetime-local` input for a moment, in the browser's time zone. */
export function localInput(iso: string): string {
  const moment = new Date(iso);
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** The moment that a `datetime-local` input holds; null when it is empty or half typed. */
export function fromLocalInput(value: string): string | null {
  const moment = new Date(value);
  return Number.isNaN(moment.getTime()) ? null : moment.toISOString();
}
