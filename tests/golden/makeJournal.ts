/**
 * Made `journal.json`, once: a journal file as a store wrote it, and the note beside it. Run by
 * Node: `node tests/golden/makeJournal.ts`. It refuses to overwrite: what is golden stays.
 */
import { writeFileSync } from "node:fs";
import { bytesToHex } from "../../src/core/base/bytes.ts";
import { decodeFileStart, saltOf } from "../../src/storage/journal/format.ts";
import { decodeNote } from "../../src/storage/journal/note.ts";
import { readRecords } from "../../src/storage/journal/records.ts";
import { createJournaledMemory } from "../support/journaledMemory.ts";

const name = "golden";
const memory = createJournaledMemory({ seed: 20_250_901 });
const before = await memory.adapter.open(name);
const utf8 = new TextEncoder();
const payload = (text: string): Uint8Array => utf8.encode(text);
await before.appendJournal([{ sequence: 1, payload: payload("of the life before") }], "strict");
await before.close();
const store = await memory.adapter.open(name);
const append = (durability: "strict" | "relaxed", first: number, ...texts: string[]) =>
  store.appendJournal(
    texts.map((text, index) => ({ sequence: first + index, payload: payload(text) })),
    durability,
  );
await append("strict", 2, "alone");
await append("strict", 3, "a group", "", "of three");
await append("relaxed", 6, "relaxed");
await append("relaxed", 7, "relaxed again");
await append("strict", 8, "strict");

const file = memory.files(name).snapshot().get("journal-2-1") ?? new Uint8Array();
const head = decodeFileStart(file);
if (typeof head === "string") throw new Error(head);
const records: object[] = [];
const source = {
  read: (at: number, length: number): Uint8Array => file.slice(at, at + length),
  ...{ size: file.length, salt: saltOf(head.generation), first: head.first },
  ...{ isFirstKnown: true, proven: 0 },
};
for await (const item of readRecords(source)) {
  if (item.kind !== "record") throw new Error(item.kind);
  const { sequence, flushed } = item;
  records.push({ sequence, payload: bytesToHex(item.payload), flushed });
}
const bytes = memory.tables.snapshot(name).note ?? new Uint8Array();
const note = decodeNote(bytes);
if (!note.ok) throw new Error(note.error.what);
const { generation, epochs, ...fields } = note.value;
const places = [0, 4_096, 8_192, 12_288];
const golden = {
  generation: bytesToHex(head.generation),
  first: head.first,
  file: {
    size: file.length,
    parts: places.map((at, index) => {
      const part = file.subarray(at, places[index + 1] ?? file.length);
      const length = part.findLastIndex((byte) => byte !== 0) + 1;
      return { at, hex: bytesToHex(part.subarray(0, length)) };
    }),
  },
  records,
  note: {
    bytes: bytesToHex(bytes),
    reads: {
      ...fields,
      generation: bytesToHex(generation),
      epochs: epochs.map((noted) => ({ ...noted, generation: bytesToHex(noted.generation) })),
    },
  },
};
writeFileSync(new URL("./journal.json", import.meta.url), `${JSON.stringify(golden, null, 2)}\n`, {
  flag: "wx",
});
