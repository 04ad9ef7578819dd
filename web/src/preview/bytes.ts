const UNITS = ["B", "kB", "MB", "GB"];

/** A number of bytes in the largest unit that keeps it at 1 or more. */
export function formatBytes(bytes: number): string {
  const step = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** step;
  return `${step === 0 ? value : value.toPrecision(3)} ${UNITS[step]}`;
}
