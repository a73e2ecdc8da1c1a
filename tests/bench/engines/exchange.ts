/**
 * What is measured from engine to engine: a state brought over, and two states that went apart
 * merged. Answers are checked outside the measured time.
 */
import { createRandom } from "../../support/random.ts";
import { expectDocuments } from "../support/checks.ts";
import { idAt, makeDocuments, type BenchDocument } from "../support/documents.ts";
import type { Edit, Engine } from "./engine.ts";

export interface Exchanged {
  readonly bytes: number;
  /** Milliseconds of all that is done between A's state and B's answer, sealing among it. */
  readonly time: number;
  /** Milliseconds of what A does once for whoever receives it; 0 where there is no such thing. */
  readonly sealing: number;
}

export interface Merged {
  readonly bytes: number;
  readonly time: number;
  readonly edits: number;
}

export const measureSync = async (
  engine: Engine,
  { documents, seed }: { readonly documents: number; readonly seed: number },
): Promise<Exchanged> => {
  const made = makeDocuments(documents, seed);
  await warmUp(engine, { documents, seed });
  const pair = await engine.prepare(made);
  const started = performance.now();
  await pair.seal?.();
  const sealed = performance.now();
  const bytes = await pair.transfer();
  const time = performance.now() - started;
  expectDocuments(await pair.received(), made);
  await pair.close();
  return { bytes, time, sealing: pair.seal === undefined ? 0 : sealed - started };
};

const warmUpDocumentsMax = 2_000;

/** So that the compiler has seen the code: an application's engine runs for longer than this. */
const warmUp = async (
  engine: Engine,
  { documents, seed }: { readonly documents: number; readonly seed: number },
): Promise<void> => {
  const count = Math.min(documents, warmUpDocumentsMax);
  const pair = await engine.prepare(makeDocuments(count, seed + 1));
  await pair.seal?.();
  await pair.transfer();
  await pair.close();
};

/** So many edits in all: half of them on each side, on the same fields. */
export const measureMerge = async (
  engine: Engine,
  { documents, seed, edits }: Record<"documents" | "seed" | "edits", number>,
): Promise<Merged> => {
  const made = makeDocuments(documents, seed);
  await warmUp(engine, { documents, seed });
  const pair = await engine.prepare(made);
  await pair.seal?.();
  await pair.transfer();
  if (pair.merge === undefined) throw new Error("it does not merge");
  const wanted = makeEdits(made, Math.floor(edits / 2), seed);
  await pair.merge.edit(wanted);
  const started = performance.now();
  const bytes = await pair.merge.join();
  const time = performance.now() - started;
  const [a, b] = await pair.merge.both([...new Set(wanted.map(({ id }) => id))]);
  expectDocuments(a, b);
  expectOneOfBoth(a, wanted);
  await pair.close();
  return { bytes, time, edits: wanted.length * 2 };
};

const fields = ["score", "title", "time", "source", "body"] as const;

/** Every document's first field, then every document's second … */
const makeEdits = (
  made: readonly BenchDocument[],
  count: number,
  seed: number,
): readonly Edit[] => {
  const random = createRandom(seed + 31);
  return Array.from({ length: count }, (_, at): Edit => {
    const field = fields[Math.floor(at / made.length)];
    if (field === undefined) throw new RangeError("more edits than fields to edit");
    const number = random.integer(1_000_000);
    const isNumber = field === "score" || field === "time";
    return {
      ...{ id: idAt(at % made.length), field },
      a: isNumber ? number * 2 : `changed by a, ${number}`,
      b: isNumber ? number * 2 + 1 : `changed by b, ${number}`,
    };
  });
};

const expectOneOfBoth = (found: readonly BenchDocument[], edits: readonly Edit[]): void => {
  const byId = new Map(found.map((document) => [document.id, document]));
  for (const { id, field, a, b } of edits) {
    const value = byId.get(id)?.[field];
    if (value !== a && value !== b) throw new Error(`${id}: neither side's ${field}`);
  }
};
