/**
 * Opening again: the same documents, digests, heads and runs, whatever was cut, let go of or lost
 * before; and which incarnation goes on.
 */
import { describe, expect, test } from "vitest";
import { createRandom } from "../../support/random.ts";
import { crashAt, without } from "./faults.ts";
import { createWorld, rowsOf, updateOf, type Device, type World } from "./world.ts";

const stateOf = (device: Device): object => ({
  homes: device.engine.registry
    .homes()
    .map(({ scope, documents, tree, digest, writer }) => ({
      scope,
      documents: documents.sortedIds().map((id) => documents.get(id)),
      heads: tree.heads(),
      digest: [...digest.value()],
      next: writer?.next(),
      pending: writer?.pending().map(({ first, count, baseTime }) => ({ first, count, baseTime })),
      bodies: writer?.pending().map((run) => writer.draftOf(run, null).body),
    }))
    .sort((a, b) => (a.scope < b.scope ? -1 : 1)),
  collections: device.engine.registry.infos(),
});

/** Writes of every kind, over several runs. */
const writeAll = async (device: Device, count: number): Promise<void> => {
  const random = createRandom(count);
  for (let at = 0; at < count; at++) {
    const id = `${random.integer(40)}`;
    const isHere = device.get("notes", id) !== undefined;
    if (!isHere) await device.insert("notes", [{ id, n: 0, tags: ["a"], deep: { one: at } }]);
    else if (random.chance(0.15)) await device.remove("notes", id);
    else if (random.chance(0.3)) await device.update("notes", id, { $inc: { n: at } });
    else if (random.chance(0.3)) await device.update("notes", id, { $addToSet: { tags: at } });
    else await device.update("notes", id, { [`field${at % 7}`]: at, deep: { two: at } });
  }
};

const isolated = async (world: World, options: object = {}): Promise<Device> => {
  const device = await world.open({ online: false, ...options });
  await device.share("notes");
  return device;
};

describe("what is not cut", () => {
  test("is there again, runs and tables as they were, and goes on", async () => {
    const device = await isolated(createWorld());
    await writeAll(device, 700);
    const before = stateOf(device);
    await device.reopen();
    expect(stateOf(device)).toEqual(before);
    await writeAll(device, 120);
    const later = stateOf(device);
    await device.reopen();
    expect(stateOf(device)).toEqual(later);
    expect(device.opened.info.recovery.damage).toEqual([]);
  });

  test("has been cut the same way as without the reopening", async () => {
    const [one, other] = [createWorld(7), createWorld(7)];
    const bodies = async (world: World, reopens: boolean): Promise<unknown> => {
      const device = await isolated(world);
      const { id } = await (async () => {
        await writeAll(device, 60);
        if (reopens) await device.reopen(undefined, { online: false });
        await writeAll(device, 300);
        return { id: device.shared("notes").writer?.id };
      })();
      await device.engine.cutter.cutAll(device.engine.registry.homes());
      const { tree } = device.shared("notes");
      expect(tree.heads().map(({ writer }) => writer)).toEqual([id]);
      return tree.heads().map(({ n }) => n);
    };
    expect(await bodies(one, true)).toEqual(await bodies(other, false));
  });
});

describe("what is cut", () => {
  test("is there again with the journal, without it, and with half of it", async () => {
    const device = await isolated(createWorld());
    await writeAll(device, 300);
    await device.engine.cutter.cutAll(device.engine.registry.homes());
    const cut = stateOf(device);
    const journal = device.journal().length;
    expect(journal).toBeGreaterThan(200);
    await device.reopen();
    expect(stateOf(device)).toEqual(cut);
    await device.engine.cutter.absorb();
    expect(device.journal()).toEqual([]);
    expect(stateOf(device)).toEqual(cut);
    await device.reopen();
    expect(stateOf(device)).toEqual(cut);
    await writeAll(device, 20);
    const later = stateOf(device);
    await device.reopen();
    expect(stateOf(device)).toEqual(later);
    await device.close();
    await device.reopen();
    expect(device.find("notes")).toEqual(device.find("notes"));
    expect(device.opened.info.recovery.damage).toEqual([]);
  });

  test("and a crash at any moment of closing, loses and repeats nothing", async () => {
    for (let moment = 1; ; moment++) {
      const world = createWorld();
      const device = await isolated(world);
      await device.insert("notes", [{ id: "1", n: 0 }]);
      await device.engine.cutter.cutAll([device.shared("notes")]);
      for (let at = 0; at < 3; at++) await device.update("notes", "1", { $inc: { n: 1 } });
      const writer = device.shared("notes").writer?.id;
      const left = crashAt(device, moment);
      await device.close().catch(() => undefined);
      device.fault = null;
      if (left.image === null) return;
      await device.reopen(left.image, { online: false });
      expect(device.get("notes", "1"), `crash at ${moment}`).toEqual({ id: "1", n: 3 });
      await device.update("notes", "1", { $inc: { n: 1 } });
      expect(device.shared("notes").writer?.id).toBe(writer);
      expect(device.shared("notes").writer?.next().n).toBe(6);
      await device.engine.cutter.cutAll(device.engine.registry.homes());
      expect(device.shared("notes").tree.forks()).toEqual([]);
      await device.close();
      await device.reopen(undefined, { online: false });
      expect(device.get("notes", "1")).toEqual({ id: "1", n: 4 });
      expect(device.opened.info.recovery.damage).toEqual([]);
    }
  });

  test("while commands come: none is let go of before it is cut", async () => {
    for (let turns = 0; turns < 12; turns++) {
      const world = createWorld();
      const device = await isolated(world);
      await device.write({ kind: "make-collection", collection: "other" });
      for (const name of ["notes", "other"]) await device.insert(name, [{ id: "1", n: 0 }]);
      const absorbing = device.engine.cutter.absorb();
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      const writes = ["notes", "other"].map((name) => device.update(name, "1", { $inc: { n: 1 } }));
      await Promise.all([absorbing, ...writes]);
      await device.reopen();
      for (const name of ["notes", "other"]) {
        expect(device.get(name, "1"), `${name} after ${turns} turns`).toEqual({ id: "1", n: 1 });
      }
    }
  });
});

describe("the incarnation", () => {
  const writerAfter = async (device: Device): Promise<string | undefined> => {
    await device.insert("notes", [{ id: device.nextId() }]);
    return device.shared("notes").writer?.id;
  };

  test("goes on where the journal proves that nothing was lost, sequences too", async () => {
    const world = createWorld();
    const device = await isolated(world);
    const first = await writerAfter(device);
    await device.reopen();
    expect(await writerAfter(device)).toBe(first);
    await device.close();
    await device.reopen();
    expect(await writerAfter(device)).toBe(first);
    expect(device.shared("notes").writer?.next().n).toBe(4);
    expect(device.journal().map(({ sequence }) => sequence)).toEqual([5]);
  });

  test("is another after each opening where nothing proves it, but in local", async () => {
    const world = createWorld();
    const [device, peer] = [
      await world.open({ journalProvesContinuity: false }),
      await world.open(),
    ];
    for (const each of [device, peer]) await each.share("notes");
    await device.insert("notes", [{ id: "private" }], "private");
    const local = device.local("notes").writer?.id;
    const writers = new Set<unknown>();
    for (let opening = 0; opening < 4; opening++) {
      writers.add(await writerAfter(device));
      if (opening % 2 === 0) await device.close();
      await device.reopen();
      expect(device.local("notes").writer?.id).toBe(local);
    }
    expect(writers.size).toBe(4);
    await world.until(() => device.isVerified("notes") && peer.isVerified("notes"), "verified");
    expect(peer.find("notes")).toHaveLength(4);
    expect(peer.shared("notes").tree.heads()).toHaveLength(4);
    expect(device.shared("notes").tree.forks()).toEqual([]);
  });

  test("that began and wrote nothing begins again", async () => {
    const device = await isolated(createWorld());
    const other = updateOf("notes", "none", { n: 1 });
    await expect(
      device.write({
        ...{ kind: "batch", together: false, reads: [] },
        writes: [
          { kind: "upsert", collection: "notes", rows: rowsOf([{ id: "1" }]) },
          { ...other, target: { kind: "filter", filter: { $bad: 1 }, limit: null } },
        ],
      }),
    ).rejects.toMatchObject({ code: "InvalidQuery" });
    await device.close();
    await device.reopen();
    await device.insert("notes", [{ id: "1" }]);
    expect(device.find("notes")).toEqual([{ id: "1" }]);
  });

  test("ends where the clock it wrote by was corrected by more than five minutes", async () => {
    for (const isClosed of [false, true]) {
      const world = createWorld();
      const device = await isolated(world, { skew: 3_600_000 });
      const first = await writerAfter(device);
      device.skew = 0;
      if (isClosed) await device.close();
      await device.reopen();
      expect(await writerAfter(device)).not.toBe(first);
      const latest = device.rows("notes", { meta: true }).map(({ meta }) => meta?.timestamp ?? 0);
      expect(Math.min(...latest)).toBe(world.now());
    }
  });

  test("goes on after a smaller correction, and its times never go back", async () => {
    for (const isClosed of [false, true]) {
      const world = createWorld();
      const device = await isolated(world, { skew: 60_000 });
      const first = await writerAfter(device);
      device.skew = 0;
      if (isClosed) await device.close();
      await device.reopen();
      expect(await writerAfter(device)).toBe(first);
      const times = device.rows("notes", { meta: true }).map(({ meta }) => meta?.timestamp);
      expect(times).toEqual([world.now() + 60_000, world.now() + 60_000]);
    }
  });
});

describe("damage", () => {
  const cutThrice = async (world: World): Promise<readonly [Device, Device]> => {
    const [a, b] = [await world.open(), await world.open()];
    for (const device of [a, b]) await device.share("notes");
    for (const id of ["1", "2", "3"]) {
      await a.insert("notes", [{ id }]);
      await world.until(() => a.isVerified("notes") && b.isVerified("notes"), "verified");
    }
    await a.disconnect();
    return [a, b];
  };

  const scopeOf = (device: Device): string => device.shared("notes").scope;

  test.each([
    ["the first", 0],
    ["one in the middle", 1],
    ["the last", 2],
  ] as const)("of segments (%s) is told, and mended by a peer", async (_, lost) => {
    for (const isClosed of [false, true]) {
      const world = createWorld();
      const [a, b] = await cutThrice(world);
      const writer = a.shared("notes").writer?.id;
      const scope = scopeOf(a);
      if (isClosed) await a.close();
      const image = a.image();
      const own = [...image.segments.keys()].filter((key) => key.startsWith(scope)).sort();
      expect(own).toHaveLength(3);
      const segments = new Map([...image.segments].filter(([key]) => key !== own[lost]));
      // A checkpoint would hold what the lost segment said: without one the log decides
      await a.reopen({ ...image, segments, pages: new Map() }, { online: false });
      await a.insert("notes", [{ id: "4" }]);
      expect(a.shared("notes").writer?.id).not.toBe(writer);
      if (lost < 2)
        expect(a.opened.info.recovery.damage.map(({ detail }) => detail).join()).toContain(
          "what it builds on",
        );
      await a.connect();
      await world.until(() => a.isVerified("notes") && b.isVerified("notes"), "verified again");
      expect(a.find("notes").map(({ id }) => id)).toEqual(["1", "2", "3", "4"]);
      expect(b.find("notes")).toEqual(a.find("notes"));
      expect(a.shared("notes").tree.forks()).toEqual([]);
      await a.reopen();
      expect(a.find("notes")).toHaveLength(4);
      expect(a.failures()).toEqual([]);
    }
  });

  test("of a peer's segment leaves what builds on it unread until it comes again", async () => {
    const world = createWorld();
    const [a, b] = await cutThrice(world);
    await a.connect();
    await b.update("notes", "1", { text: "from b" });
    await world.until(() => a.get("notes", "1")?.["text"] === "from b", "b's write");
    await a.update("notes", "1", { text: "over it" });
    await world.until(() => a.isVerified("notes") && b.isVerified("notes"), "verified");
    const writer = b.shared("notes").writer?.id ?? "";
    const image = a.crash();
    const segments = new Map([...image.segments].filter(([key]) => !key.includes(writer)));
    await a.reopen({ ...image, segments }, { online: false });
    expect(a.find("notes")).toHaveLength(3);
    await a.connect();
    await world.until(() => a.isVerified("notes") && b.isVerified("notes"), "verified again");
    expect(a.get("notes", "1")).toEqual({ id: "1", text: "over it" });
    expect(a.find("notes")).toEqual(b.find("notes"));
  });

  test.each([
    ["records in the middle", (index: number) => index > 3 && index < 6, ["1", "2", "5", "6"]],
    ["the last", (index: number, count: number) => index === count - 1, ["1", "2", "3", "4", "5"]],
  ] as const)("of the journal (%s): the others are there", async (_, isLost, left) => {
    const device = await isolated(createWorld());
    for (const id of ["1", "2", "3", "4", "5", "6"]) await device.insert("notes", [{ id, n: 1 }]);
    const writer = device.shared("notes").writer?.id;
    const image = without(device.crash(), "journal", isLost);
    const lastSequence = Math.max(...image.journal.keys());
    await device.reopen({ ...image, lastSequence }, { online: false });
    expect(device.find("notes").map(({ id }) => id)).toEqual(left);
    await device.insert("notes", [{ id: "7" }]);
    const isGap = left.at(-1) === "6";
    if (isGap) expect(device.shared("notes").writer?.id).not.toBe(writer);
    await device.close();
    await device.reopen();
    expect(device.find("notes").map(({ id }) => id)).toEqual([...left, "7"]);
  });

  test("of the journal's first records: collections that they made are gone", async () => {
    const device = await isolated(createWorld());
    for (const id of ["1", "2", "3"]) await device.insert("notes", [{ id, n: 1 }]);
    const image = without(device.crash(), "journal", (index) => index < 3);
    await device.reopen(image, { online: false });
    expect(device.engine.registry.find("notes")).toBeNull();
  });

  test("of a segment of local leaves what stands behind it", async () => {
    for (const isPending of [false, true]) {
      const device = await createWorld().open({ online: false });
      await device.write({ kind: "make-collection", collection: "notes" });
      for (const id of ["1", "2", "3", "4"]) {
        await device.insert("notes", [{ id, n: 0 }]);
        await device.update("notes", id === "4" ? "2" : id, { $inc: { n: 1 } });
        await device.engine.cutter.cutAll([device.local("notes")]);
      }
      if (isPending) await device.update("notes", "3", { $inc: { n: 4 } });
      else await device.engine.cutter.absorb();
      const { scope } = device.local("notes");
      const image = device.crash();
      const own = [...image.segments.keys()].filter((key) => key.startsWith(scope)).sort();
      expect(own).toHaveLength(4);
      // What an absorbed journal no longer says
      const journal = new Map(isPending ? [...image.journal].slice(-1) : []);
      const segments = new Map([...image.segments].filter(([key]) => key !== own[1]));
      await device.reopen({ ...image, journal, segments, pages: new Map() }, { online: false });
      const left = [
        { id: "1", n: 1 },
        { id: "3", n: isPending ? 5 : 1 },
        { id: "4", n: 0 },
      ];
      expect(device.find("notes")).toEqual(left);
      for (let times = 0; times < 2; times++) {
        await device.reopen(undefined, { online: false });
        expect(device.find("notes")).toEqual(left);
      }
      expect(device.opened.info.recovery.damage).toEqual([]);
      await device.update("notes", "3", { $inc: { n: 1 } });
      expect(device.get("notes", "3")).toEqual({ id: "3", n: isPending ? 6 : 2 });
    }
  });

  test("of the whole journal leaves a collection whose documents peers sent", async () => {
    const world = createWorld();
    const [a, b] = [await world.open(), await world.open()];
    await a.share("notes");
    await a.insert("notes", [{ id: "1" }, { id: "2" }]);
    await b.share("notes");
    await world.until(() => a.isVerified("notes") && b.isVerified("notes"), "verified");
    const image = without(b.crash(), "journal", () => true);
    await b.reopen(image, { online: false });
    expect(b.find("notes").map(({ id }) => id)).toEqual(["1", "2"]);
    await b.insert("notes", [{ id: "3" }]);
    await b.connect();
    await world.until(() => a.isVerified("notes") && b.isVerified("notes"), "verified again");
    expect(a.find("notes").map(({ id }) => id)).toEqual(["1", "2", "3"]);
  });

  test("of a record between whole segments: those before and after are there", async () => {
    const device = await isolated(createWorld());
    const text = "x".repeat(200_000);
    for (const id of ["1", "2", "3", "4"]) await device.insert("notes", [{ id, text }]);
    const writer = device.shared("notes").writer?.id;
    const left = device.crash();
    // As it was before the first of them was cut in the background.
    const meta = new Map([...left.meta].filter(([key]) => !key.startsWith("writer/")));
    const uncut = { ...left, segments: new Map(), meta };
    await device.reopen(uncut, { online: false });
    expect(device.find("notes")).toHaveLength(4);
    const image = without(uncut, "journal", (index) => index === 4);
    await device.reopen(image, { online: false });
    expect(device.find("notes").map(({ id }) => id)).toEqual(["1", "2", "4"]);
    await device.insert("notes", [{ id: "5" }]);
    expect(device.shared("notes").writer?.id).not.toBe(writer);
    await device.close();
    await device.reopen();
    expect(device.find("notes").map(({ id }) => id)).toEqual(["1", "2", "4", "5"]);
  });

  test("of the tables leaves what a journal of an earlier database says", async () => {
    const world = createWorld();
    const [before, now, peer] = [await isolated(world), await world.open(), await world.open()];
    await before.insert("notes", [{ id: "1" }]);
    await before.update("notes", "1", { text: "first" });
    for (const device of [now, peer]) await device.share("notes");
    await now.close();
    const { journal, lastSequence } = before.crash();
    await now.reopen({ ...now.image(), journal, lastSequence, absorbedSequence: 0 });
    const found = [{ id: "1", text: "first" }];
    expect(now.find("notes")).toEqual(found);
    await world.until(() => now.isVerified("notes") && peer.isVerified("notes"), "verified");
    expect(peer.find("notes")).toEqual(found);
  });

  test("of one record's bytes is told", async () => {
    const device = await isolated(createWorld());
    for (const id of ["1", "2", "3"]) await device.insert("notes", [{ id }]);
    const image = device.crash();
    const last = Math.max(...image.journal.keys());
    const journal = new Map(image.journal).set(last, Uint8Array.of(0xff));
    await device.reopen({ ...image, journal }, { online: false });
    expect(device.opened.info.recovery.damage.map(({ detail }) => detail).join()).toContain(
      `journal ${last}`,
    );
    await device.insert("notes", [{ id: "4" }]);
    expect(device.find("notes").map(({ id }) => id)).toEqual(["1", "2", "4"]);
  });
});
