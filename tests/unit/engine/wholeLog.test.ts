/**
 * Rows about the log as a whole: delivered twice it changes nothing, an old part of it sent again
 * is no news (K-065, Q-074), and nothing of it is pruned, nor any number used twice (D-08).
 */
import { expect, test } from "vitest";
import { parseSegment } from "../../../src/core/segment/segment.ts";
import type { Ingested } from "../../../src/engine/ingest.ts";
import { createRandom } from "../../support/random.ts";
import { createWorld, segmentsOf, type Device } from "./world.ts";

const give = (device: Device, segments: readonly Uint8Array[]): Promise<Ingested> => {
  const home = device.shared("notes");
  const from = { scope: home.scope, from: "attacker", isRequested: false };
  return device.engine.ingest.take(home, segments, from);
};

/** All that anybody could see of it. */
const stateOf = (device: Device): object => {
  const home = device.shared("notes");
  return {
    rows: device.rows("notes", { includeDeleted: true, meta: true }),
    heads: home.tree.heads(),
    digest: [...home.digest.value()],
    unread: home.reading.unreadCount(),
    segments: [...device.image().segments.keys()],
  };
};

/** Two that write apart, and a reader: births, changes, sets, deletes, births again. */
const written = async (): Promise<{ readonly reader: Device; readonly log: Uint8Array[] }> => {
  const world = createWorld();
  const [a, b, reader] = [
    await world.open({ online: false }),
    await world.open({ online: false }),
    await world.open({ online: false }),
  ];
  for (const device of [a, b, reader]) await device.share("notes");
  for (const [device, name] of [[a, "a"] as const, [b, "b"] as const]) {
    for (let n = 0; n < 20; n++) {
      const id = `d${String(n % 7)}`;
      if (n % 5 === 4) await device.remove("notes", id);
      else await device.upsert("notes", [{ id, n, by: name }]);
      await device.update("notes", id, { $inc: { count: 1 } });
      await device.engine.cutter.cutAll([device.shared("notes")]);
    }
  }
  return { reader, log: [...(await segmentsOf(a)), ...(await segmentsOf(b))] };
};

test("K-065 Q-074 the whole log delivered again, in any order, changes nothing", async () => {
  const { reader, log } = await written();
  expect(log.length).toBeGreaterThan(30);
  expect((await give(reader, log)).delivered).toHaveLength(log.length);
  const before = stateOf(reader);
  const random = createRandom(7);
  for (let round = 0; round < 3; round++) {
    const again = await give(reader, random.shuffle(log));
    expect(again).toEqual({ delivered: [], refused: 0, splits: [], forgers: [] });
    expect(stateOf(reader)).toEqual(before);
  }
  await reader.reopen(reader.crash(), { online: false, joined: false });
  await give(reader, log);
  expect(stateOf(reader)).toEqual(before);
}, 60_000);

test("K-065 Q-074 an old insert sent again brings back nothing that was deleted", async () => {
  const world = createWorld();
  const [a, b] = [await world.open({ online: false }), await world.open({ online: false })];
  for (const device of [a, b]) await device.share("notes");
  await a.insert("notes", [{ id: "1", n: 1 }]);
  const inserted = await segmentsOf(a);
  await give(b, inserted);
  await b.remove("notes", "1");
  const before = stateOf(b);
  expect(await give(b, inserted)).toEqual({ delivered: [], refused: 0, splits: [], forgers: [] });
  expect(stateOf(b)).toEqual(before);
  expect(b.find("notes")).toEqual([]);
}, 60_000);

test("D-08 nothing is pruned: after 10,000 writes and restarts no number comes twice", async () => {
  const world = createWorld();
  const device = await world.open({ online: false });
  await device.share("notes");
  const lives = 3;
  const perLife = 4_000;
  let lastTime = 0;
  for (let life = 0; life < lives; life++) {
    for (let from = 0; from < perLife; from += 1_000) {
      await device.insert(
        "notes",
        Array.from({ length: 1_000 }, (_, at) => ({ id: `${String(life)}-${String(from + at)}` })),
      );
    }
    const [newest] = device.rows("notes", { filter: { id: `${String(life)}-0` }, meta: true });
    const time = newest?.meta?.timestamp ?? 0;
    expect(time).toBeGreaterThanOrEqual(lastTime);
    lastTime = time;
    // The one closes in order, the other is cut off
    if (life === 0) await device.close();
    await device.reopen(device.crash(), { online: false, joined: false });
  }
  const ranges = (await segmentsOf(device)).map((bytes) => {
    const parsed = parseSegment(bytes);
    if (!parsed.ok) throw new Error(parsed.error);
    const { writer, first, count } = parsed.value.header;
    return { writer, first, count };
  });
  const next = new Map<string, number>();
  for (const { writer, first, count } of ranges.sort((a, b) => a.first - b.first)) {
    expect(first, `${writer} has no gap, and no number twice`).toBe(next.get(writer) ?? 1);
    next.set(writer, first + count);
  }
  expect(ranges.reduce((sum, { count }) => sum + count, 0)).toBe(lives * perLife);
  // Who comes late gets all of it
  await device.connect();
  const late = await world.open();
  await late.share("notes");
  await world.until(() => late.isVerified("notes"), "the late one is verified equal");
  expect(late.shared("notes").documents.livingCount).toBe(lives * perLife);
}, 180_000);
