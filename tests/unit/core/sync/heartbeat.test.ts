/** When a sign of life is asked for, what is measured by it, and when a peer counts as gone. */
import { expect, test } from "vitest";
import {
  peerHeartbeatMilliseconds,
  peerSilenceMillisecondsMax,
} from "../../../../src/core/base/limits.ts";
import { createHeartbeat } from "../../../../src/core/sync/heartbeat.ts";

/** Ticks once a second; what came of it, with the time. */
const run = (seconds: number, heard: (second: number) => boolean): readonly string[] => {
  const heartbeat = createHeartbeat(0);
  const told: string[] = [];
  for (let second = 1; second <= seconds; second++) {
    if (heard(second)) heartbeat.heard();
    const due = heartbeat.tick(second * 1_000);
    if (due === "ask") heartbeat.ask(second * 1_000);
    if (due !== null) told.push(`${second} ${due}`);
    if (due === "silent") break;
  }
  return told;
};

test("it asks every half a minute while something comes", () => {
  expect(run(100, (second) => second % 40 === 0)).toEqual(["30 ask", "60 ask", "90 ask"]);
  expect(peerHeartbeatMilliseconds).toBe(30_000);
});

test("without a sign of any kind the peer is gone after three questions", () => {
  expect(run(200, () => false)).toEqual(["30 ask", "60 ask", "90 silent"]);
  expect(peerSilenceMillisecondsMax).toBe(90_000);
  // Any frame is a sign of life, not an answer alone
  expect(run(200, (second) => second === 80).at(-1)).toBe("169 silent");
});

test("the round trip is a moving average of answers to the last question", () => {
  const heartbeat = createHeartbeat(0);
  expect(heartbeat.roundTripMs()).toBeNull();
  const first = heartbeat.ask(1_000);
  expect(heartbeat.answered(first + 1, 1_001)).toBe(false);
  expect(heartbeat.answered(first, 1_080)).toBe(true);
  expect(heartbeat.answered(first, 9_000)).toBe(false);
  expect(heartbeat.roundTripMs()).toBe(80);
  const second = heartbeat.ask(31_000);
  expect(heartbeat.answered(first, 31_001)).toBe(false);
  expect(heartbeat.answered(second, 31_160)).toBe(true);
  expect(heartbeat.roundTripMs()).toBe(90);
});

test("a clock that jumps back measures nothing below zero", () => {
  const heartbeat = createHeartbeat(100_000);
  const number = heartbeat.ask(100_000);
  expect(heartbeat.tick(0)).toBeNull();
  expect(heartbeat.answered(number, 0)).toBe(true);
  expect(heartbeat.roundTripMs()).toBe(0);
});

test("P-086 who slept does not take its own sleep for the peer's silence", () => {
  const heartbeat = createHeartbeat(0);
  expect(heartbeat.tick(3_600_000)).toBe("ask");
  heartbeat.ask(3_600_000);
  // A page in the background may tick once a minute: even so an answer has its time
  for (let minute = 61; minute < 70; minute++) {
    expect(heartbeat.tick(minute * 60_000)).toBe("ask");
    heartbeat.ask(minute * 60_000);
  }
});
