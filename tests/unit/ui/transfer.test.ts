/**
 * Files of documents, read and written: every kind comes back as it went out, wherever the chunks
 * of a file end, and what is no document is told with its place.
 */
import { expect, test } from "vitest";
import { createDistributedDb, InMemoryAdapter } from "../../../src/index.node.ts";
import type { Fields } from "../../../src/core/base/types.ts";
import { formatOf, readDocuments, type Format, type Read } from "../../../src/ui/transfer/read.ts";
import { writeDocuments } from "../../../src/ui/transfer/write.ts";
import { createRandom } from "../../support/random.ts";

/** A file whose chunks are as small as it is asked for. */
const fileOf = (text: string, chunkBytes = 64): Blob => {
  const file = new Blob([text]);
  const bytes = new TextEncoder().encode(text);
  const stream = (): ReadableStream<Uint8Array<ArrayBuffer>> => {
    let at = 0;
    return new ReadableStream({
      pull(controller) {
        if (at < bytes.length) controller.enqueue(bytes.slice(at, at + chunkBytes));
        else controller.close();
        at += chunkBytes;
      },
    });
  };
  return Object.assign(file, { stream });
};

const read = async (
  text: string,
  format: Format,
  chunkBytes?: number,
): Promise<readonly Read[]> => {
  const found: Read[] = [];
  for await (const one of readDocuments(fileOf(text, chunkBytes), format)) {
    if (one.kind !== "progress") found.push(one);
  }
  return found;
};

const fieldsIn = (found: readonly Read[]): readonly object[] =>
  found.flatMap((one) => (one.kind === "document" ? [one.fields] : []));

test.each([
  ["a.json", "json"],
  ["A.JSON", "json"],
  ["a.b.jsonl", "ndjson"],
  ["a.ndjson", "ndjson"],
  ["a.csv", "csv"],
  ["a.txt", null],
  ["json", "json"],
  ["", null],
])("%s is %s", (name, format) => {
  expect(formatOf(name)).toBe(format);
});

test("wherever chunks end, lines and rows are the same", async () => {
  const lines = '{"id":"ä","t":"ü€😀"}\r\n{"id":"b"}\n\n{"id":"c","t":"x\\ny"}';
  const table = 'id,"a ""b""",n\r\n1,"x\n,y",007\r\n2,,-1.5\r\n3,€😀,true\r\n';
  for (const chunkBytes of [1, 2, 3, 5, 7, 1_000]) {
    expect(fieldsIn(await read(lines, "ndjson", chunkBytes))).toEqual([
      { id: "ä", t: "ü€😀" },
      { id: "b" },
      { id: "c", t: "x\ny" },
    ]);
    expect(fieldsIn(await read(table, "csv", chunkBytes))).toEqual([
      { id: "1", 'a "b"': "x\n,y", n: "007" },
      { id: "2", n: -1.5 },
      { id: "3", 'a "b"': "€😀", n: true },
    ]);
  }
});

test("what is no document is told with its place, and the others are there", async () => {
  const found = await read('{"a":1}\n[2]\n"x"\n{bad\n{"a":5}', "ndjson");
  expect(found.map((one) => [one.kind, "place" in one ? one.place : null])).toEqual([
    ["document", 1],
    ["problem", 2],
    ["problem", 3],
    ["problem", 4],
    ["document", 5],
  ]);
  expect(await read("a,b\n1,2,3\n4,5\n", "csv")).toMatchObject([
    { kind: "problem", place: 2 },
    { kind: "document", fields: { a: 4, b: 5 } },
  ]);
  expect(await read('[{"a":1},2', "json")).toMatchObject([{ kind: "problem", place: null }]);
  expect(await read('{"a":1}', "json")).toMatchObject([{ kind: "document", fields: { a: 1 } }]);
  expect(await read("", "csv")).toEqual([]);
  expect(await read('"never closed', "csv")).toEqual([]);
});

test("what is written is read again as it was", async () => {
  const random = createRandom(3);
  const texts = ["", "plain", 'a "quote"', "two\nlines", "comma, here", "ä€😀", "=1+1", "007"];
  const documents = Array.from({ length: 1_200 }, (_, n) => ({
    id: `n${String(n).padStart(5, "0")}`,
    text: random.pick(texts),
    n: random.integer(1_000) / 8,
    ...(random.chance(0.5) ? { at: new Date(random.integer(2 ** 31)) } : {}),
    ...(random.chance(0.5) ? { tags: [random.pick(texts), 1, null, { deep: true }] } : {}),
    ...(random.chance(0.2) ? { bytes: random.bytes(5), vector: new Float32Array([0.5]) } : {}),
  }));
  const database = createDistributedDb({ name: "files", adapter: new InMemoryAdapter() });
  const collection = database.collection<Fields>("c");
  await collection.insertBatch(documents);
  for (const format of ["json", "ndjson"] as const) {
    let text = "";
    for await (const part of writeDocuments(collection, format)) text += part.text;
    expect(fieldsIn(await read(text, format, 1_000))).toEqual(documents);
  }
  let table = "";
  for await (const part of writeDocuments(collection, "csv")) table += part.text;
  const rows = fieldsIn(await read(table, "csv", 1_000));
  expect(rows).toHaveLength(documents.length);
  expect(rows.map((row) => Object.entries(row)[0])).toEqual(documents.map(({ id }) => ["id", id]));
  // No cell is a formula
  expect(table).not.toMatch(/(^|,)[=@]/m);
  await database.shutdown();
});
