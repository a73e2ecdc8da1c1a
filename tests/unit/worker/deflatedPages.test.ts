/**
 * Pages are deflated where nothing below does it: in files, and not in IndexedDB or memory.
 */
import { expect, test } from "vitest";
import { isCompressed } from "../../../src/core/page/documentsPage.ts";
import { pageKinds } from "../../../src/core/page/homeRecord.ts";
import type { Home } from "../../../src/engine/home.ts";
import { createTimers } from "../../../src/engine/timers.ts";
import { InMemoryAdapter } from "../../../src/storage/memory.ts";
import type { StorageAdapter } from "../../../src/storage/store.ts";
import { openDatabase, type Opened } from "../../../src/worker/service.ts";
import { createMemoryFolders, startFileAdapter } from "../../support/memoryFolders.ts";
import { createNodeCrypto } from "../../support/nodeCrypto.ts";
import { createRandom } from "../../support/random.ts";
import { rowsOf } from "../engine/world.ts";

const open = (adapter: StorageAdapter): Promise<Opened> =>
  openDatabase(
    { adapter, crypto: createNodeCrypto(createRandom(1)), timers: createTimers(() => 1) },
    { name: "notes", durability: "strict" },
    () => undefined,
  );

const localOf = ({ engine }: Opened): Home => {
  const collection = engine.registry.find("notes");
  if (collection === null) throw new Error("the collection is not there");
  return collection.local;
};

const adapters: readonly (readonly [string, StorageAdapter, boolean])[] = [
  ["files", startFileAdapter(createMemoryFolders()), true],
  ["memory", new InMemoryAdapter(), false],
];

test.each(adapters)("in %s", async (_kind, adapter, isDeflated) => {
  const documents = Array.from({ length: 50 }, (_, n) => ({ id: String(n), text: "the same" }));
  const opened = await open(adapter);
  const rows = rowsOf(documents);
  await opened.engine.write({
    commandId: "1",
    write: { kind: "insert", collection: "notes", rows, visibility: "shared" },
  });
  await opened.engine.checkpointer.run();
  const { scope, documents: held } = localOf(opened);
  const keys = held.pages.map(({ number }) => ({ scope, kind: pageKinds.documents, number }));
  const pages = await opened.engine.deps.store.pages(keys);
  expect(pages.map((bytes) => bytes !== null && isCompressed(bytes))).toEqual([isDeflated]);
  await opened.engine.close();
  const again = await open(adapter);
  const found = await again.engine.reading(() => [...localOf(again).documents.values()]);
  expect(found).toHaveLength(50);
  expect(again.engine.damage).toEqual([]);
  await again.engine.close();
});
