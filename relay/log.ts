/**
 * The relay's log: one JSON object a line, on standard error. Events and counts only: no names of
 * networks, no tags, no peer ids, no addresses of people, no content. The type allows no texts but
 * the ones listed here.
 */
import { limits } from "./limits.ts";

export interface Log {
  (event: LogEvent, counts?: Readonly<Record<string, number>>): void;
}

/** Each says what it names and all to its right. */
export const logLevels = ["info", "warning", "silent"] as const;

export type LogLevel = (typeof logLevels)[number];

export type LogEvent = keyof typeof levels;

const levels = {
  ready: "info",
  stopping: "info",
  stopped: "info",
  "stop forced": "warning",
  "relay met": "info",
  "relay lost": "warning",
  "mdns failed": "warning",
  "rendezvous opened": "info",
  "rendezvous ended": "info",
  "registration refused": "warning",
  "rendezvous full": "warning",
  "upgrade refused": "warning",
  "upgrade failed": "warning",
  "request failed": "warning",
} as const;

export interface LogDeps {
  /** Takes one line. */
  readonly write: (line: string) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly level: LogLevel;
}

/**
 * Of one event a few lines a second are written, and the next one says how many were `omitted`:
 * whoever knocks ten thousand times must not fill a disk.
 */
export const createLog = ({ write, now, level }: LogDeps): Log => {
  const seconds = new Map<LogEvent, Second>();
  return (event, counts = {}) => {
    if (logLevels.indexOf(levels[event]) < logLevels.indexOf(level)) return;
    const time = now();
    const before = seconds.get(event) ?? { since: time, lines: 0, omitted: 0 };
    const isSame = time - before.since < 1_000;
    const lines = isSame ? before.lines : 0;
    if (lines >= limits.logLinesPerSecondMax) {
      before.omitted += 1;
      return;
    }
    const since = isSame ? before.since : time;
    seconds.set(event, { since, lines: lines + 1, omitted: 0 });
    const omitted = before.omitted === 0 ? {} : { omitted: before.omitted };
    write(
      `${JSON.stringify({ time: new Date(time).toISOString(), event, ...counts, ...omitted })}\n`,
    );
  };
};

/** The last second in which an event was written. */
interface Second {
  readonly since: number;
  readonly lines: number;
  omitted: number;
}
