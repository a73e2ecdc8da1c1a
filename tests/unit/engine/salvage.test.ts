/**
 * Pages that hold what the log has lost: it is written anew from them, here and for peers, whatever
 * became of the journal; and an opening that ends half way loses none of it.
 */
import { describe, expect, test } from "vitest";
import { pageKinds } from "../../../src/core/page/homeRecord.ts";
import { textToPageKey } from "../../../src/storage/keys.ts";
import type { StoreImage } from "../../../src/storage/memory.ts";
import { crashAt, without } from "./faults.ts";
import { createWorld, type Device, type World } from "./world.ts";

/** Everything that a collection may have gone through, in pages and in the journal alone. */
const written = async (world: World): Promise<Device> => {
  const device = await world.open({ online: false });
  await device.share("notes");
  await device.insert("notes", [
    { id: "1", text: "one", deep: { a: 1, b: 2 } },
    { id: "2", text: "two", tags: ["x"] },
    { id: "3", text: "three", n: 1 },
    { id: "4", text: "four" },
  ]);
  await device.engine.cutter.cutAll([device.shared("notes")]);
  await device.update("notes", "1", { $set: { "deep.a": 10 }, $unset: { "deep.b": "" } });
  await device.update("notes", "2", { $addToSet: { tags: "y" } });
  await device.update("notes", "3", { $inc: { n: 5 } });
  await device.remove("notes", "4");
  await device.insert("notes", [{ id: "5", text: "five", at: new Date(0) }]);
  await device.engine.checkpointer.run();
  return device;
};

const shown = (device: Device): readonly object[] =>
  device.find("notes").map((each) => ({ ...each }));

const expected = [
  { id: "1", text: "one", deep: { a: 10 } },
  { id: "2", text: "two", tags: ["x", "y"] },
  { id: "3", text: "three", n: 6 },
  { id: "5", text: "five", at: new Date(0) },
];

const withJournal = (image: StoreImage, keep: (index: number) => boolean): StoreImage =>
  without(image, "journal", (index) => !keep(index));

describe("what pages hold and the journal lost", () => {
  test.each([
    ["all of it", () => false],
    ["its second half", (index: number) => index < 4],
    ["every other record", (index: number) => index % 2 === 0],
    ["but the last record", (index: number) => index > 6],
  ] as const)("(%s) is there, stays, and reaches peers", async (_, keep) => {
    const world = createWorld();
    const device = await written(world);
    expect(shown(device)).toEqual(expected);
    const writer = device.shared("notes").writer?.id;
    await device.reopen(withJournal(device.crash(), keep), { online: false });
    expect(shown(device)).toEqual(expected);
    expect(device.shared("notes").writer?.id).not.toBe(writer);
    await device.insert("notes", [{ id: "6" }]);
    await device.reopen(undefined, { online: false });
    expect(shown(device)).toEqual([...expected, { id: "6" }]);
    await device.close();
    await device.reopen();
    const peer = await world.open();
    await peer.share("notes");
    await world.until(() => device.isVerified("notes") && peer.isVerified("notes"), "verified");
    expect(shown(peer)).toEqual([...expected, { id: "6" }]);
    expect(shown(device)).toEqual(shown(peer));
    expect(device.failures()).toEqual([]);
  });

  test("survives an opening that ends at any moment", async () => {
    for (let moment = 1; ; moment++) {
      const device = await written(createWorld());
      const lost = withJournal(device.crash(), (index) => index < 4);
      const left = crashAt(device, moment);
      await device.reopen(lost, { online: false }).catch(() => undefined);
      device.fault = null;
      if (left.image === null) {
        expect(moment).toBeGreaterThan(4);
        return;
      }
      await device.reopen(left.image, { online: false });
      expect(shown(device), `a crash at ${moment}`).toEqual(expected);
    }
  });

  test("one page is damaged as well: the others have it", async () => {
    const bounds = { pageBytes: 600 };
    const device = await createWorld().open({ online: false, bounds });
    await device.write({ kind: "make-collection", collection: "notes" });
    for (let part = 0; part < 4; part++) {
      const documents = Array.from({ length: 100 }, (_, n) => ({ id: `${part}-${100 + n}`, n }));
      await device.insert("notes", documents);
      await device.engine.cutter.cutAll([device.local("notes")]);
    }
    const { scope } = device.local("notes");
    await device.close();
    const image = device.image();
    const own = [...image.segments.keys()].filter((key) => key.startsWith(scope)).sort();
    expect(own).toHaveLength(4);
    const segments = new Map([...image.segments].filter(([key]) => key !== own[1]));
    const isOfDocuments = (text: string): boolean => {
      const key = textToPageKey(text);
      return key?.scope === scope && key.kind === pageKinds.documents;
    };
    const pages = [...image.pages.keys()].filter(isOfDocuments).sort();
    expect(pages.length).toBeGreaterThan(8);
    // Of the documents of the lost segment
    const damaged = pages[Math.floor(pages.length * 0.4)];
    const left = new Map([...image.pages].filter(([key]) => key !== damaged));
    await device.reopen({ ...image, segments, pages: left }, { online: false, bounds });
    const found = device.find("notes").length;
    expect(found).toBeGreaterThan(340);
    expect(found).toBeLessThan(400);
    await device.reopen(undefined, { online: false, bounds });
    expect(device.find("notes")).toHaveLength(found);
  });

  test("the log as well: peers get what a lost segment said", async () => {
    const world = createWorld();
    const [a, b] = [await world.open(), await world.open()];
    for (const device of [a, b]) await device.share("notes");
    await a.insert("notes", [{ id: "0" }]);
    await world.until(() => a.isVerified("notes") && b.isVerified("notes"), "verified");
    await a.disconnect();
    for (const id of ["1", "2", "3"]) {
      await a.insert("notes", [{ id }]);
      await a.update("notes", "0", { [id]: true });
      await a.engine.cutter.cutAll([a.shared("notes")]);
    }
    const { scope } = a.shared("notes");
    await a.close();
    const image = a.image();
    const own = [...image.segments.keys()].filter((key) => key.startsWith(scope)).sort();
    const segments = new Map([...image.segments].filter(([key]) => key !== own[2]));
    await a.reopen({ ...image, segments });
    await world.until(() => a.isVerified("notes") && b.isVerified("notes"), "verified again");
    expect(shown(b)).toEqual([
      { id: "0", "1": true, "2": true, "3": true },
      { id: "1" },
      { id: "2" },
      { id: "3" },
    ]);
    expect(shown(a)).toEqual(shown(b));
    await a.reopen();
    expect(shown(a)).toEqual(shown(b));
    expect(a.failures()).toEqual([]);
  });

  test("a document that was written since is not taken back", async () => {
    const device = await written(createWorld());
    await device.update("notes", "1", { text: "later" });
    const image = device.crash();
    const { size } = image.journal;
    // What came before the last record is lost, and stands in pages
    await device.reopen(
      withJournal(image, (index) => index === size - 1),
      { online: false },
    );
    expect(shown(device)[0]).toEqual({ id: "1", text: "later", deep: { a: 10 } });
    expect(shown(device).slice(1)).toEqual(expected.slice(1));
  });
});
