/** What is written of events, and how much of it. */
import { expect, test } from "vitest";
import { limits } from "../../../relay/limits.ts";
import { createLog, type LogLevel } from "../../../relay/log.ts";

const logOf = (level: LogLevel) => {
  const lines: string[] = [];
  const clock = { time: 0 };
  const log = createLog({ write: (line) => lines.push(line), now: () => clock.time, level });
  return { log, clock, entries: () => lines.map((line): unknown => JSON.parse(line)) };
};

test("an event is a line of JSON with its time and counts", () => {
  const { log, entries } = logOf("info");
  log("ready", { port: 80 });
  expect(entries()).toEqual([{ time: "1970-01-01T00:00:00.000Z", event: "ready", port: 80 }]);
});

test.each([
  ["info", 2],
  ["warning", 1],
  ["silent", 0],
] as const)("at level %s %i of an information and a warning are written", (level, count) => {
  const { log, entries } = logOf(level);
  log("rendezvous opened");
  log("registration refused");
  expect(entries()).toHaveLength(count);
});

test("of a flood of one event a few lines a second are written, and the rest is counted", () => {
  const { log, clock, entries } = logOf("info");
  const lines = limits.logLinesPerSecondMax;
  for (let at = 0; at < lines + 90; at += 1) log("upgrade refused");
  log("ready");
  expect(entries()).toHaveLength(lines + 1);
  clock.time = 1_000;
  log("upgrade refused");
  log("upgrade refused");
  expect(entries().slice(-2)).toEqual([
    { time: "1970-01-01T00:00:01.000Z", event: "upgrade refused", omitted: 90 },
    { time: "1970-01-01T00:00:01.000Z", event: "upgrade refused" },
  ]);
});
