/** A number of the query between 1 and the highest; the fallback where it is no number. */
export function numberInQuery(value: unknown, fallback: number, highest: number): number {
  if (typeof value !== 'string' || !/^\s*[+-]?\d+\s*$/.test(value)) {
    return fallback;
  }
  return Math.max(1, Math.min(Number(value), highest));
}

/** A point in time, ISO 8601 or seconds since the epoch, as seconds; undefined for anything else. */
export function momentInQuery(value: unknown): number | undefined {
  if (typeof value !== 'string') {
    return undefined;
  }
  if (/^\d{1,11}$/.test(value)) {
    return Number(value);
  }
  const milliseconds = /^\d{4}-\d{2}-\d{2}/.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(milliseconds) || milliseconds < 0 ? undefined : Math.floor(milliseconds / 1000);
}
