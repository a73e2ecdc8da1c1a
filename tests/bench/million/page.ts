/**
 * The page of a million documents: one database through the public API, each step measured around
 * the calls alone and checked afterwards.
 */
import { createDistributedDb } from "../../../src/index.ts";
import type { DistributedCollection, DistributedDatabase } from "../../../src/index.ts";
import { createRandom } from "../../support/random.ts";
import { countRare, expectCount, expectDocument } from "../support/checks.ts";
import { measureMemory } from "../peers/page/memory.ts";
import { idAt, makeDocument, rareQuery, type BenchDocument } from "../support/documents.ts";
import { spreadOf } from "../support/statistics.ts";
import type { MillionPage, Sizes } from "./protocol.ts";

const perCall = 10_000;
let opened: DistributedDatabase<{ notes: BenchDocument }> | null = null;

const openNotes = (): DistributedCollection<BenchDocument> => {
  opened = createDistributedDb<{ notes: BenchDocument }>({ name: "million" });
  return opened.collection("notes");
};

const notes = (): DistributedCollection<BenchDocument> => {
  if (opened === null) throw new Error("nothing is open: an earlier step failed");
  return opened.collection("notes");
};

const timed = async (run: () => Promise<unknown>): Promise<number> => {
  const started = performance.now();
  await run();
  return performance.now() - started;
};

const randomPositions = ({ documents, seed }: Sizes, count: number): readonly number[] => {
  const random = createRandom(seed + count);
  return Array.from({ length: count }, () => random.integer(documents));
};

const fill: MillionPage["fill"] = async ({ documents, seed }) => {
  const collection = openNotes();
  await opened?.ready;
  const calls = Math.ceil(documents / perCall);
  const tenths = new Array<number>(Math.min(10, calls)).fill(0);
  for (let call = 0; call < calls; call++) {
    const from = call * perCall;
    const count = Math.min(perCall, documents - from);
    const part = Array.from({ length: count }, (_, index) => makeDocument(from + index, seed));
    const milliseconds = await timed(() => collection.insertBatch(part));
    const tenth = Math.floor((call * tenths.length) / calls);
    tenths[tenth] = (tenths[tenth] ?? 0) + milliseconds;
    if ((call + 1) % 10 === 0) {
      await window.tellProgress(`${from + count} inserted, the last call ${milliseconds | 0} ms`);
    }
  }
  const memory = await measureMemory(0);
  expectCount("documents stored", await collection.count(), documents);
  const closing = await close();
  return { milliseconds: tenths.reduce((sum, each) => sum + each, 0), tenths, closing, memory };
};

const open: MillionPage["open"] = async ({ documents, seed }) => {
  const at = Math.floor(documents / 2);
  let found: BenchDocument | null = null;
  const milliseconds = await timed(async () => {
    found = await openNotes().get(idAt(at));
  });
  expectDocument(found, makeDocument(at, seed));
  return milliseconds;
};

const get: MillionPage["get"] = async (sizes, count) => {
  const collection = notes();
  const singles: number[] = [];
  for (const at of randomPositions(sizes, count)) {
    let found: BenchDocument | null = null;
    const milliseconds = await timed(async () => {
      found = await collection.get(idAt(at));
    });
    singles.push(milliseconds);
    expectDocument(found, makeDocument(at, sizes.seed));
  }
  return spreadOf(singles);
};

/** Of a field that no query here asks for. */
const update: MillionPage["update"] = async (sizes, count) => {
  const collection = notes();
  const positions = [...new Set(randomPositions(sizes, count))];
  const source = "updated";
  const entries = positions.map((at) => ({ where: idAt(at), update: { source } }));
  const milliseconds = await timed(() => collection.updateBatch(entries));
  for (const at of positions.slice(0, 50)) {
    expectDocument(await collection.get(idAt(at)), { ...makeDocument(at, sizes.seed), source });
  }
  return milliseconds;
};

const scan: MillionPage["scan"] = async ({ documents, seed }) => {
  const collection = notes();
  let found = 0;
  const count = async (): Promise<void> => {
    found = await collection.count(rareQuery);
  };
  const times: readonly [number, number] = [await timed(count), await timed(count)];
  expectCount("documents that match", found, countRare(documents, seed));
  return times;
};

const close: MillionPage["close"] = async () => {
  const closing = opened;
  opened = null;
  return timed(async () => closing?.shutdown());
};

window.millionPage = { fill, open, get, update, scan, close, memory: () => measureMemory(0) };
