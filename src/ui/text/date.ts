/**
 * Dates as people read and write them: a day alone is midnight in UTC, so that it is the same day
 * everywhere; any other moment is told in this device's time zone.
 */

/** `2026-12-24`, or `2026-12-24T08:00` with seconds only where there are any. */
export const dateText = (date: Date): string => {
  const iso = date.toISOString();
  if (/T00:00:00\.000Z$/.test(iso)) return iso.slice(0, -14);
  // Swedes write dates as ISO does; without milliseconds, which no time zone changes
  const local = date.toLocaleString("sv").replace(" ", "T") + iso.slice(-5, -1);
  return local.replace(/(:00)?\.000$/, "");
};

/** The other way round; null: it is none. */
export const dateOfText = (text: string): Date | null => {
  if (!/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?)?$/.test(text)) return null;
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? null : date;
};
