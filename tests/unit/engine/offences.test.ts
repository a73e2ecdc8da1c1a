/**
 * How long a peer that broke the rules is not met.
 */
import { expect, test } from "vitest";
import {
  offenceForgottenTicks,
  offencesKeptMax,
  offenceTicksMax,
} from "../../../src/core/base/limits.ts";
import {
  isWelcome,
  noteOffence,
  tickOffences,
  type Offences,
} from "../../../src/engine/sync/offences.ts";

/** Ticks until it is welcome again. */
const waitOf = (offences: Offences, peer: string): number => {
  let ticks = 0;
  for (; !isWelcome(offences, peer); ticks++) tickOffences(offences);
  return ticks;
};

test("a peer waits twice as long after each further offence, and others do not", () => {
  const offences: Offences = new Map();
  const waits = Array.from({ length: 7 }, () => {
    noteOffence(offences, "liar");
    expect(isWelcome(offences, "friend")).toBe(true);
    return waitOf(offences, "liar");
  });
  expect(waits).toEqual([1, 2, 4, 8, 16, 16, offenceTicksMax]);
});

test("what is long ago counts no more", () => {
  const offences: Offences = new Map();
  for (let times = 0; times < 4; times++) noteOffence(offences, "liar");
  waitOf(offences, "liar");
  for (let tick = 1; tick < offenceForgottenTicks; tick++) tickOffences(offences);
  expect(offences.size).toBe(1);
  tickOffences(offences);
  expect(offences.size).toBe(0);
  noteOffence(offences, "liar");
  expect(waitOf(offences, "liar")).toBe(1);
});

test("so many are kept, the latest", () => {
  const offences: Offences = new Map();
  for (let n = 0; n <= offencesKeptMax; n++) noteOffence(offences, `peer ${String(n)}`);
  noteOffence(offences, "peer 1");
  noteOffence(offences, "one more");
  expect(offences.size).toBe(offencesKeptMax);
  expect(["peer 0", "peer 2", "peer 1"].map((peer) => isWelcome(offences, peer))).toEqual([
    ...[true, true, false],
  ]);
});
