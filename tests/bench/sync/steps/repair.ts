/**
 * Two devices with equal logs, of whose documents one differs, as a damaged disk or a fault of the
 * program could have it: until repair by ranges has found and healed it. In virtual time on a link
 * with a delay, so that round trips are exact.
 */
import { makeWrite } from "../../../../src/core/doc/diff.ts";
import type { WriterId } from "../../../../src/core/base/types.ts";
import { append, createBatch } from "../../../../src/engine/append.ts";
import { createWorld, type Device } from "../../../unit/engine/world.ts";
import { expectDocuments } from "../../support/checks.ts";
import { idAt, makeDocuments, type BenchDocument } from "../../support/documents.ts";

export interface Repair {
  /** Of both sides, from the difference on. */
  readonly bytes: number;
  readonly roundTrips: number;
}

export const measureRepair = async ({
  documents,
  seed,
}: Record<"documents" | "seed", number>): Promise<Repair> => {
  const world = createWorld(seed);
  const [a, b] = [await world.open(), await world.open()];
  for (const device of [a, b]) await device.share("notes");
  const made = makeDocuments(documents, seed);
  await a.insert("notes", made);
  const areEqual = (): boolean => [a, b].every((device) => device.isVerified("notes"));
  await world.until(() => areEqual() && b.rows("notes").length === documents, "both hold all");
  world.hub.setFaults({ delayMs: wayMilliseconds });
  const before = { bytes: world.hub.stats().bytes, now: world.now() };
  damage(b, idAt(Math.floor(documents / 2)));
  await world.until(() => !areEqual(), "the difference shows");
  await world.until(areEqual, "the difference is healed");
  const milliseconds = world.now() - before.now;
  const bytes = world.hub.stats().bytes - before.bytes;
  for (const device of [a, b]) {
    // Field by field against what was inserted
    expectDocuments(device.find("notes") as readonly object[] as readonly BenchDocument[], made);
    await device.close();
  }
  return { bytes, roundTrips: milliseconds / (2 * wayMilliseconds) };
};

const wayMilliseconds = 100;

/** As if it held a write that no log has. */
const damage = (device: Device, id: string): void => {
  const home = device.shared("notes");
  const state = home.documents.get(id);
  // 16 bytes in hexadecimal, as writers have; of nobody
  const nobody = "ab".repeat(16) as WriterId;
  const context = { id, state, dot: { writer: nobody, n: 1 }, time: { ms: 1, counter: 0 } };
  const op = makeWrite(context, [{ path: ["title"], set: "damaged" }], { birth: false });
  if (op === null) throw new Error("nothing was damaged");
  append(home, op, createBatch());
  device.opened.sync.changed(home);
};
