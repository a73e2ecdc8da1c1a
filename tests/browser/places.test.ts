/**
 * Where a database lies in a browser: one IndexedDB database and one OPFS folder by its name
 * (T-011, C-34), and neither of them once it is destroyed.
 */
import { expect, test } from "vitest";
import { createDistributedDb } from "../../src/index.ts";
import { folderNameOf } from "../../src/storage/opfs.ts";

interface Places {
  readonly tables: readonly string[];
  readonly folders: readonly string[];
}

/** Of these names, what there is. */
const placesOf = async (names: readonly string[]): Promise<Places> => {
  const tables = (await indexedDB.databases()).map(({ name }) => name ?? "");
  const root = await navigator.storage.getDirectory();
  const all = await root.getDirectoryHandle("nebulus", { create: true });
  const folders: string[] = [];
  for await (const folder of all.keys()) folders.push(folder);
  return {
    tables: names.filter((name) => tables.includes(name)),
    folders: names.filter((name) => folders.includes(folderNameOf(name))),
  };
};

test("T-011 G-010 C-34 a name is one IndexedDB database and one OPFS folder", async () => {
  const names = ["places-one", "places/two, of any text ☂"];
  expect(await placesOf(names)).toEqual({ tables: [], folders: [] });
  const databases = names.map((name) => createDistributedDb({ name }));
  for (const [at, database] of databases.entries()) {
    await database.collection("notes").insert({ id: "a", at });
    expect(await database.health()).toMatchObject({ storageMode: "indexeddb", journal: "file" });
  }
  expect(await placesOf(names)).toEqual({ tables: names, folders: names });
  for (const [at, database] of databases.entries()) {
    expect(await database.collection("notes").get("a")).toEqual({ id: "a", at });
  }
  const [first, second] = databases;
  await first?.destroy();
  expect(await placesOf(names)).toEqual({ tables: names.slice(1), folders: names.slice(1) });
  await second?.destroy();
  expect(await placesOf(names)).toEqual({ tables: [], folders: [] });
}, 60_000);
