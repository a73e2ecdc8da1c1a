/** Private documents in the app: the mark that the table shows, and the editor that sets it. */
import { afterEach, expect, test } from "vitest";
import { createDistributedDb, InMemoryAdapter } from "../../../src/index.node.ts";
import type { Metadata } from "../../../src/client/types.ts";
import type { Fields } from "../../../src/core/base/types.ts";
import { Editor } from "../../../src/ui/editor.svelte.ts";
import { noIds, noRows, withMarked, withoutMetadata, withRows } from "../../../src/ui/text/keep.ts";
import { createApiBench } from "../../contract/api/bench.ts";

const adapter = new InMemoryAdapter();
const bench = createApiBench((options) => createDistributedDb({ ...options, adapter }));
afterEach(() => bench.clean());

const openShared = async () => {
  const database = bench.open();
  const networkId = await database.createNetwork({ networkId: "team", name: "Team" });
  const notes = database.collection<Fields>("notes");
  await database.addCollectionToNetwork(networkId, "notes");
  const visibility = async (id: string): Promise<string | undefined> =>
    (await notes.get(id, { meta: true }))?._visibility;
  return { notes, visibility };
};

test("a new document is shared, or stays where it is written", async () => {
  const { notes, visibility } = await openShared();
  for (const isPrivate of [false, true]) {
    const editor = new Editor(notes, null, null);
    const json = JSON.stringify({ id: String(isPrivate), title: "a" });
    Object.assign(editor, { mode: "json", json, isPrivate });
    expect(await editor.save()).toBe(true);
  }
  expect(await visibility("false")).toBe("shared");
  expect(await visibility("true")).toBe("private");
});

test("a document is taken home, and shared again, with what was changed", async () => {
  const { notes, visibility } = await openShared();
  const document = await notes.insert({ id: "1", title: "a" });
  const home = new Editor(notes, document, null, false);
  expect(home.isDirty).toBe(false);
  home.isPrivate = true;
  expect(home.isDirty).toBe(true);
  expect(await home.save()).toBe(true);
  expect(await visibility("1")).toBe("private");

  const out = new Editor(notes, document, null, true);
  Object.assign(out, { mode: "json", json: '{ "id": "1", "title": "b" }', isPrivate: false });
  expect(await out.save()).toBe(true);
  expect(await visibility("1")).toBe("shared");
  expect(await notes.get("1")).toEqual({ id: "1", title: "b" });
});

test("one that is gone meanwhile comes back as private as it was", async () => {
  const { notes, visibility } = await openShared();
  const document = await notes.insert({ id: "1", title: "a" }, { visibility: "private" });
  const editor = new Editor(notes, document, null, true);
  Object.assign(editor, { mode: "json", json: '{ "title": "b" }' });
  await notes.delete("1");
  expect(await editor.save()).toBe(false);
  expect(editor.elsewhere).toBe("gone");
  expect(await editor.save()).toBe(true);
  expect(await visibility("1")).toBe("private");
});

test("the table knows which of its rows are private, and shows no metadata", async () => {
  const { notes } = await openShared();
  const isPrivate = ({ _visibility }: Fields & Metadata): boolean => _visibility === "private";
  await notes.insert({ id: "1", title: "a" }, { visibility: "private" });
  await notes.insert({ id: "2", title: "b" });
  const told = await notes.getMany(["1", "2"], { meta: true });
  const found = told.map(withoutMetadata);
  expect(found).toEqual([
    { id: "1", title: "a" },
    { id: "2", title: "b" },
  ]);
  const rows = withRows(noRows, found, 10);
  const privates = withMarked(noIds, told, rows, isPrivate);
  expect([...privates]).toEqual(["1"]);
  // read again as it is now
  await notes.share("1");
  const again = await notes.getMany(["1"], { meta: true });
  expect([...withMarked(privates, again, rows, isPrivate)]).toEqual([]);
  // a row that is kept no more is known no more
  expect([...withMarked(privates, [], noRows, isPrivate)]).toEqual([]);
});
