/**
 * Commands by id: a repeat answers with the first result and does nothing, while the first is under
 * way, after it, after a reopening, and after the journal was let go.
 */
import { expect, test } from "vitest";
import { recentCommandsBytesMax, recentCommandsMax } from "../../../src/core/base/limits.ts";
import type { Write } from "../../../src/core/wire/requests.ts";
import { createCommands } from "../../../src/engine/commands.ts";
import { createWorld, rowsOf, updateOf } from "./world.ts";

const once = updateOf("notes", "1", { $inc: { n: 1 } });
const removeAll: Write = {
  kind: "delete",
  collection: "notes",
  target: { kind: "filter", filter: {}, limit: null },
};

test("a repeat while the first is under way answers with it", async () => {
  const device = await createWorld().open();
  await device.insert("notes", [{ id: "1", n: 0 }]);
  const answers = await Promise.all([
    device.write(once, "twice"),
    device.write(once, "twice"),
    device.write(once, "another"),
  ]);
  expect(answers).toEqual([[1], [1], [1]]);
  expect(device.get("notes", "1")).toEqual({ id: "1", n: 2 });
});

test("a repeat after the answer, a crash or a close answers with the first", async () => {
  const device = await createWorld().open();
  await device.insert("notes", [
    { id: "1", n: 0 },
    { id: "2", n: 0 },
  ]);
  const batch: Write = {
    ...{ kind: "batch", together: true, reads: [] },
    writes: [
      once,
      { kind: "upsert", collection: "notes", rows: rowsOf([{ id: "3" }, { id: "4" }]) },
    ],
  };
  expect(await device.write(batch, "batch")).toEqual([1, 2]);
  expect(await device.write(removeAll, "all")).toEqual([4]);
  // It changed nothing, and must not change more when it is asked again.
  expect(await device.write(removeAll, "none")).toEqual([0]);
  await device.insert("notes", [{ id: "5" }]);
  const repeatAll = async (): Promise<void> => {
    expect(await device.write(batch, "batch")).toEqual([1, 2]);
    expect(await device.write(removeAll, "all")).toEqual([4]);
    expect(device.find("notes")).toEqual([{ id: "5" }]);
  };
  await repeatAll();
  expect(await device.write(removeAll, "none")).toEqual([0]);
  await device.reopen();
  await repeatAll();
  await device.close();
  expect(device.journal()).toEqual([]);
  await device.reopen();
  await repeatAll();
  await device.reopen();
  await repeatAll();
});

test("a command that failed is tried anew", async () => {
  const device = await createWorld().open();
  const insert: Write = {
    ...{ kind: "insert", collection: "notes", visibility: null },
    rows: rowsOf([{ id: "1" }]),
  };
  await device.write(insert, "first");
  await expect(device.write(insert, "second")).rejects.toMatchObject({ code: "DuplicateId" });
  await device.remove("notes", "1");
  expect(await device.write(insert, "second")).toEqual([1]);
});

test("as many as are likely to be asked again are kept, the latest", () => {
  const commands = createCommands(undefined);
  for (let at = 0; at <= recentCommandsMax; at++) commands.answered(`c${at}`, [at]);
  const again = createCommands(commands.encode());
  const ask = (held: typeof commands, id: string): Promise<unknown> =>
    held.once(id, () => Promise.resolve({ counts: [-1] }));
  return Promise.all(
    [commands, again].map(async (held) => {
      expect(await ask(held, "c1")).toEqual({ counts: [1] });
      expect(await ask(held, `c${recentCommandsMax}`)).toEqual({ counts: [recentCommandsMax] });
      expect(await ask(held, "c0")).toEqual({ counts: [-1] });
    }),
  );
});

test("results of thousands of counts do not grow the record beyond its bound", async () => {
  const commands = createCommands(undefined);
  const counts = Array.from({ length: 4_096 }, () => 1_000_000);
  for (let at = 0; at < 200; at++) commands.answered(`c${at}`, counts);
  const bytes = commands.encode();
  expect(bytes.length).toBeLessThanOrEqual(recentCommandsBytesMax + 16);
  const again = createCommands(bytes);
  expect(await again.once("c199", () => Promise.reject(new Error("forgotten")))).toEqual({
    counts,
  });
});

test("a record that can not be read is forgotten", async () => {
  for (const bytes of [[], [0xff], [0x82, 0x02, 0x80], [0x01]]) {
    const commands = createCommands(Uint8Array.from(bytes));
    expect(await commands.once("a", () => Promise.resolve({ counts: [7] }))).toEqual({
      counts: [7],
    });
  }
});
