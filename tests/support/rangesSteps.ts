/**
 * Steps of a repair that are well formed and mean nothing.
 */
import { headerHashOf } from "../../src/core/base/ids.ts";
import { everything, rangeKeyOf } from "../../src/core/sync/rangeItems.ts";
import type { RangesStep } from "../../src/core/sync/rangesMessage.ts";
import type { Random } from "./random.ts";

export const anyRangesStep = (random: Random): RangesStep => {
  const keys = Array.from({ length: 2 }, () => rangeKeyOf(random.bytes(16))).sort();
  const [from = everything.from, to = null] = keys;
  const count = random.pick([0, 1, 2, 1_000, 2 ** 40]);
  const parts = [
    { to, count, print: from },
    { to: null, count: 1, print: from },
  ];
  const start = random.chance(0.5) ? everything.from : from;
  const runs = random.chance(0.2) ? [] : [{ from: start, parts: parts.slice(random.integer(3)) }];
  return random.pick<RangesStep>([
    { kind: "ask", runs },
    { kind: "answer", runs },
    { kind: "found", keys: random.chance(0.3) ? null : keys },
    { kind: "want", headers: [headerHashOf(random.bytes(32))] },
    { kind: "give", segments: [random.bytes(30)] },
  ]);
};
