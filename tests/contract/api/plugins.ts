/**
 * API cases: hooks and schemas around the writes of this device.
 */
import { expect, test } from "vitest";
import { z } from "zod";
import type { CollectionSchema, Plugin } from "../../../src/client/api.ts";
import type { Document } from "../../../src/client/types.ts";
import { expectRejection, rejection, untyped, type ApiBench } from "./bench.ts";

/** Notes every hook, in order, as "hook:id". */
const noting = (name: string, notes: string[]): Plugin => {
  const note =
    (hook: string) =>
    (document: Document): void => {
      notes.push(`${name}.${hook}:${String(document["id"])}`);
    };
  return {
    name,
    onInit: () => void notes.push(`${name}.onInit`),
    beforeInsert: note("beforeInsert"),
    afterInsert: note("afterInsert"),
    beforeUpdate: note("beforeUpdate"),
    afterUpdate: note("afterUpdate"),
    beforeDelete: note("beforeDelete"),
    afterDelete: note("afterDelete"),
  };
};

export const pluginCases = (bench: ApiBench): void => {
  test("T-191 hooks run around every write, in the order of the plugins", async () => {
    const notes: string[] = [];
    const database = bench.open({ plugins: [noting("p", notes), noting("q", notes)] });
    await database.ready;
    const items = database.collection("items");
    await items.insert({ id: "a", n: 1 });
    expect(notes.splice(0)).toEqual([
      ...["p.onInit", "q.onInit"],
      ...["p.beforeInsert:a", "q.beforeInsert:a", "p.afterInsert:a", "q.afterInsert:a"],
    ]);
    await items.upsert({ id: "a", n: 2 });
    await items.upsert({ id: "b", n: 2 });
    await items.update({ n: 2 }, { $inc: { n: 1 } });
    await items.modify("a", (document) => ({ ...document, n: 9 }));
    await items.delete({ n: 9 });
    expect(notes.filter((note) => note.startsWith("p."))).toEqual([
      ...["p.beforeUpdate:a", "p.afterUpdate:a", "p.beforeInsert:b", "p.afterInsert:b"],
      ...["p.beforeUpdate:a", "p.beforeUpdate:b", "p.afterUpdate:a", "p.afterUpdate:b"],
      ...["p.beforeUpdate:a", "p.afterUpdate:a", "p.beforeDelete:a", "p.afterDelete:a"],
    ]);
    expect(await items.find()).toEqual([{ id: "b", n: 3 }]);
  });

  test("hooks are told the collection, the origin, and what the document was", async () => {
    const told: unknown[] = [];
    const plugin: Plugin = {
      name: "p",
      beforeInsert: (document, context) => void told.push([document, context]),
      afterUpdate: (next, previous, context) => void told.push([next, previous, context]),
    };
    const items = bench.open({ plugins: [plugin] }).collection("items");
    await items.insert({ id: "a", n: 1 });
    await items.update("a", { $inc: { n: 1 } });
    const context = { collection: "items", origin: "local" };
    expect(told).toEqual([
      [{ id: "a", n: 1 }, context],
      [{ id: "a", n: 2 }, { id: "a", n: 1 }, context],
    ]);
  });

  test("what a hook returns is stored; what it changes without returning it is not", async () => {
    const plugin: Plugin = {
      name: "p",
      beforeInsert: async (document) => ({ ...document, by: "plugin" }),
      beforeUpdate: (next) => (next["keep"] === true ? undefined : { ...next, updated: true }),
      afterInsert: (document) => {
        document["by"] = "nobody";
      },
    };
    const items = bench.open({ plugins: [plugin] }).collection("items");
    const given = { id: "a", list: [1] };
    expect(await items.insert(given)).toEqual({ id: "a", list: [1], by: "plugin" });
    expect(given).toEqual({ id: "a", list: [1] });
    await items.insert({ id: "b", keep: true });
    expect(await items.update({}, { $set: { n: 1 } })).toBe(2);
    expect(await items.find()).toEqual([
      { id: "a", list: [1], by: "plugin", n: 1, updated: true },
      { id: "b", keep: true, by: "plugin", n: 1 },
    ]);
  });

  const failures = ["beforeInsert", "beforeUpdate", "beforeDelete"] as const;
  test.each(failures)("a %s that throws stops the write with PluginFailed", async (hook) => {
    let isArmed = false;
    const plugin: Plugin = {
      name: "guard",
      [hook]: (document: Document) => {
        if (isArmed && document["id"] === "b") throw new Error("not this one");
      },
    };
    const items = bench.open({ plugins: [plugin] }).collection("items");
    const before = await items.insertBatch([{ id: "a" }, { id: "b", n: 1 }]);
    isArmed = true;
    const calls = {
      beforeInsert: () => items.insertBatch([{ id: "c" }, { id: "b" }]),
      beforeUpdate: () => items.update({}, { $set: { n: 2 } }),
      beforeDelete: () => items.clear(),
    };
    const error = await rejection(calls[hook]());
    expect(error).toMatchObject({ code: "PluginFailed", path: "guard" });
    expect(error.message).toContain("not this one");
    expect(await items.find()).toEqual(before);
  });

  test("what a hook throws after a write is told to `error`, and the write stands", async () => {
    const plugin: Plugin = {
      name: "late",
      afterInsert: () => Promise.reject(new Error("too late")),
    };
    const database = bench.open({ plugins: [plugin] });
    const errors: Error[] = [];
    database.on("error", (error) => errors.push(error));
    const stored = await database.collection("items").insert({ n: 1 });
    expect(await database.collection("items").find()).toEqual([stored]);
    expect(errors).toMatchObject([{ code: "PluginFailed", path: "late" }]);
  });

  test("a hook cannot make what no document can be, nor change an id", async () => {
    const bad: Plugin = { name: "bad", beforeInsert: () => ({ f: () => 1 }) };
    const other: Plugin = { name: "other", beforeInsert: () => ({ id: "other" }) };
    await expectRejection(
      bench
        .open({ plugins: [bad] })
        .collection("items")
        .insert({ n: 1 }),
      "InvalidDocument",
      "f",
    );
    await expectRejection(
      bench
        .open({ plugins: [other] })
        .collection("items")
        .insert({ id: "a" }),
      "InvalidDocument",
      "id",
    );
  });

  test("an onInit that throws rejects `ready`; it can use the database", async () => {
    const failing: Plugin = { name: "p", onInit: () => Promise.reject(new Error("no")) };
    await expectRejection(bench.open({ plugins: [failing] }).ready, "PluginFailed", "p");
    const seeding: Plugin = {
      name: "seed",
      onInit: async (database) => {
        await database.collection("items").insert({ id: "s" });
      },
    };
    const database = bench.open({ plugins: [seeding] });
    await database.ready;
    expect(await database.collection("items").count()).toBe(1);
  });

  test("in a transaction hooks run with its writes; those after it run once", async () => {
    const notes: string[] = [];
    const database = bench.open({ plugins: [noting("p", notes)] });
    await database.collection("items").insert({ id: "a", n: 1 });
    notes.length = 0;
    let runs = 0;
    await database.transaction(async (tx) => {
      runs += 1;
      const items = tx.collection("items");
      await items.update("a", { $inc: { n: 1 } });
      if (runs === 1) await database.collection("items").update("a", { $inc: { n: 10 } });
      await items.insert({ id: "b" });
    });
    expect(notes.filter((note) => note.startsWith("p.after"))).toEqual([
      "p.afterUpdate:a",
      "p.afterUpdate:a",
      "p.afterInsert:b",
    ]);
    expect(await database.collection("items").get("a")).toEqual({ id: "a", n: 12 });
  });
};

export const schemaCases = (bench: ApiBench): void => {
  const user = z.object({ name: z.string().min(1), age: z.number().int().optional() });

  test("A-N12 a document that does not fit is SchemaViolation, and says where", async () => {
    const database = bench.open({ schema: { users: user } });
    const users = database.collection("users");
    const error = await rejection(users.insert({ name: "", age: 1.5 }));
    expect(error).toMatchObject({ code: "SchemaViolation", path: "name" });
    expect(error.issues).toHaveLength(2);
    expect(error.issues?.[1]).toMatch(/^age: /);
    await expectRejection(users.insertBatch([{ name: "Ada" }, { age: 1 }]), "SchemaViolation");
    await expectRejection(users.upsert({ name: 5 }), "SchemaViolation", "name");
    expect(await users.count()).toBe(0);
    expect(await database.collection("others").insert({ name: 5 })).toMatchObject({ name: 5 });
  });

  test("updates are checked by what they would make of each document", async () => {
    const users = bench.open().collection("users", { schema: user });
    await users.insertBatch([
      { id: "a", name: "Ada", age: 1 },
      { id: "b", name: "Bob", age: 2 },
    ]);
    await expectRejection(
      users.update({ age: 2 }, { $inc: { age: 0.5 } }),
      "SchemaViolation",
      "age",
    );
    await expectRejection(users.update({}, { $unset: { name: true } }), "SchemaViolation", "name");
    await expectRejection(
      users.modify("a", () => ({ name: "" })),
      "SchemaViolation",
      "name",
    );
    expect(await users.update({}, { $inc: { age: 1 } })).toBe(2);
    expect((await users.find()).map(({ age }) => age)).toEqual([2, 3]);
  });

  test("a schema checks and never changes what is stored", async () => {
    const schema = z.object({ name: z.string().trim(), role: z.string().default("user") });
    const users = bench.open().collection("users", { schema });
    expect(await users.insert(untyped({ id: "a", name: " Ada ", extra: 1 }))).toEqual({
      id: "a",
      name: " Ada ",
      extra: 1,
    });
    expect(await users.get("a")).toEqual({ id: "a", name: " Ada ", extra: 1 });
  });

  test("a schema may answer later, and any Standard Schema will do", async () => {
    const schema: CollectionSchema = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: async (value) =>
          Object.entries(value ?? {}).some(([name, field]) => name === "ok" && field === true)
            ? { value }
            : { issues: [{ message: "must be ok", path: [{ key: "a" }, "b", 0] }] },
      },
    };
    const items = bench.open({ schema: { items: schema } }).collection("items");
    await items.insert({ ok: true });
    const error = await rejection(items.insert({ ok: false }));
    expect(error).toMatchObject({ path: "a.b.0", issues: ["a.b.0: must be ok"] });
    expect(await items.count()).toBe(1);
  });

  test("`upgrade` shows old documents in the present shape, and writes nothing", async () => {
    const database = bench.open();
    await database.collection("users").insert({ id: "old", name: "Ada Lovelace" });
    await database.shutdown();
    const schema: CollectionSchema = Object.assign(z.object({ first: z.string() }), {
      upgrade: (document: Document): Document => {
        const { name, ...rest } = document;
        return typeof name === "string" ? { ...rest, first: name.split(" ")[0] } : document;
      },
    });
    const again = bench.reopen(database, { schema: { users: schema } });
    const users = again.collection("users");
    expect(await users.find()).toEqual([{ id: "old", first: "Ada" }]);
    expect(await users.get("old")).toEqual({ id: "old", first: "Ada" });
    expect(await users.count({ name: "Ada Lovelace" })).toBe(1);
    expect(await users.update("old", { $set: { n: 1 } })).toBe(1);
    expect(await users.modify("old", (shown) => ({ ...shown, n: 2 }))).toEqual({
      id: "old",
      first: "Ada",
      n: 2,
    });
    await again.shutdown();
    const plain = bench.reopen(again);
    expect(await plain.collection("users").find()).toEqual([{ id: "old", first: "Ada", n: 2 }]);
  });
};
