/**
 * The relay's log: one JSON object a line, on standard error. Events and counts only: no names of
 * networks, no tags, no peer ids, no addresses of people, no content. The type allows no texts but
 * the ones listed here.
 */
export interface Log {
  (event: LogEvent, counts?: Readonly<Record<string, number>>): void;
}

export type LogEvent =
  | "ready"
  | "stopping"
  | "stopped"
  | "rendezvous opened"
  | "rendezvous ended"
  | "registration refused"
  | "rendezvous full"
  | "upgrade refused"
  | "upgrade failed"
  | "request failed";

/** `write` takes one line; `now` answers milliseconds since 1970. */
export const createLog =
  (write: (line: string) => void, now: () => number): Log =>
  (event, counts = {}) => {
    write(`${JSON.stringify({ time: new Date(now()).toISOString(), event, ...counts })}\n`);
  };
