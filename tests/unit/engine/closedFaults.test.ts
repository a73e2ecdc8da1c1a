/**
 * A sequencer whose disk fails while it decides: whatever fails, and whether or not the write took
 * effect, it never signs two records at one height.
 */
import { expect, test } from "vitest";
import { headOf } from "../../../src/core/network/closed/record.ts";
import {
  accountOf,
  change,
  closedOf,
  founder,
  heightOf,
  join,
  membershipOf,
  standing,
} from "./closedWorld.ts";
import { storeFailure } from "./faults.ts";
import { createWorld, type Device } from "./world.ts";

/** Heights that more than one record on its disk has, after it was opened again. */
const contradicted = (device: Device): readonly number[] => {
  const { control } = membershipOf(device);
  const heights = control.records().map((record) => headOf(record).height);
  return heights.filter((height, at) => heights.indexOf(height) !== at);
};

const moments = [
  ["the write did not take effect", "before", 1],
  ["the write took effect", "after", 1],
  ["the one behind it fails, too", "before", 2],
  ["and took effect", "after", 2],
] as const;

test.each(moments)("a decision of a disk that fails: %s", async (_, phase, at) => {
  for (const isReadable of [true, false]) {
    const world = createWorld(7);
    const a = await founder(world);
    const b = await join(world, a);
    const account = accountOf(b);
    let writes = 0;
    a.fault = (operation) => {
      // And nobody can tell either
      if (operation.kind === "meta" && writes >= at && !isReadable) throw storeFailure;
      if (operation.kind !== "write" || operation.phase !== phase) return;
      if (++writes === at) throw storeFailure;
    };
    await change(a, { kind: "role", account, role: "reader" }).catch(() => undefined);
    expect(writes).toBeGreaterThanOrEqual(at);
    a.fault = null;
    // Another decision, as of one who saw the first one fail
    await change(a, { kind: "role", account, role: "owner" });
    await world.until(() => standing(b) === "owner", "told");
    await a.reopen(undefined, { joined: false });
    expect(contradicted(a)).toEqual([]);
    expect(closedOf(a)?.isFrozen).toBe(false);
    await world.until(() => heightOf(b) === heightOf(a), "one chain");
    expect(closedOf(b)?.isFrozen).toBe(false);
  }
});
