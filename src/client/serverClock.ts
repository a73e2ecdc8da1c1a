/**
 * How far this device's clock is from the one of whoever serves the page: every answer tells the
 * time, to the second.
 */
import { clockAskedMillisecondsMax } from "../core/base/limits.ts";

/** Milliseconds; negative: it is behind. null: nobody can say. */
export const aheadOfServer = async (
  url: string,
  now: () => number = Date.now,
): Promise<number | null> => {
  const asked = now();
  const told = await timeOf(url);
  const waited = now() - asked;
  // It slept meanwhile, or somebody set it
  if (waited < 0 || waited > clockAskedMillisecondsMax) return null;
  // As if the answer was made in the middle of the wait, and in the middle of its second
  return told === null ? null : asked + waited / 2 - (told + 500);
};

const timeOf = async (url: string): Promise<number | null> => {
  try {
    const signal = AbortSignal.timeout(clockAskedMillisecondsMax);
    const { headers } = await fetch(url, { method: "HEAD", cache: "no-store", signal });
    // An answer that lay in somebody's cache says for how long
    const time = Date.parse(headers.get("Date") ?? "") + Number(headers.get("Age")) * 1_000;
    return Number.isNaN(time) ? null : time;
  } catch {
    // Without a network, or while the server is away
    return null;
  }
};
