/**
 * What people do with their documents, by dice: few documents and few fields, so that devices keep
 * meeting in the same ones.
 */
import type { Value } from "../../src/core/base/types.ts";
import { checkDocument } from "../../src/core/cbor/document.ts";
import { compileUpdate } from "../../src/core/query/update.ts";
import type { DocumentWrite, Target, Write } from "../../src/core/wire/requests.ts";
import { encodeRows } from "../../src/core/wire/rows.ts";
import type { Random } from "../support/random.ts";
import { networkId } from "./device.ts";

export interface Commands {
  readonly next: (random: Random) => Write;
  /** Stands in no other command than the last, if anywhere. */
  readonly text: () => string;
  /** Texts that stand in documents written as private, and where. */
  readonly privateTexts: ReadonlyMap<string, { readonly collection: string; readonly id: string }>;
  /** "collection/id" of documents that somebody chose to share. */
  readonly sharedOnPurpose: ReadonlySet<string>;
}

export const collections = ["a", "b"] as const;
const ids = ["d0", "d1", "d2", "d3", "d4"];
/** Begins every text that must not leave its device. */
export const privatePrefix = "private ";

export const createCommands = (): Commands => {
  const privateTexts = new Map<string, { readonly collection: string; readonly id: string }>();
  const sharedOnPurpose = new Set<string>();
  let step = 0;

  const rowsOf = (random: Random, count: number, more: object = {}): Uint8Array =>
    encodeRows(
      random
        .shuffle(ids)
        .slice(0, count)
        .map((id) => rowOf({ ...randomDocument(random, step), ...more, id })),
    );

  const insertPrivate = (random: Random, collection: string): Write => {
    const id = random.pick(ids);
    const text = `${privatePrefix}${step}`;
    privateTexts.set(text, { collection, id });
    const rows = encodeRows([rowOf({ id, text, x: step })]);
    return { kind: "insert", collection, rows, visibility: "private" };
  };

  const documentWrite = (random: Random, collection: string): DocumentWrite => {
    const dice = random.integer(100);
    if (dice < 25) {
      const rows = rowsOf(random, 1 + random.integer(2));
      return { kind: "insert", collection, rows, visibility: null };
    }
    if (dice < 40) return { kind: "upsert", collection, rows: rowsOf(random, 1) };
    if (dice < 45) return { kind: "replace", collection, rows: rowsOf(random, 2) };
    const target = randomTarget(random);
    if (dice < 85) {
      const update = compileUpdate(randomUpdate(random, step));
      return { kind: "update", collection, target, update };
    }
    return { kind: "delete", collection, target };
  };

  const batch = (random: Random): Write => {
    const writes = Array.from({ length: 2 + random.integer(3) }, () =>
      documentWrite(random, random.pick(collections)),
    );
    return { kind: "batch", writes, together: random.chance(0.6), reads: [] };
  };

  return {
    privateTexts,
    sharedOnPurpose,
    text: () => textOf(step),
    next(random) {
      step++;
      const collection = random.pick(collections);
      const dice = random.integer(100);
      if (dice < 8) return batch(random);
      if (dice < 13) return insertPrivate(random, collection);
      if (dice < 18) {
        const to = random.pick(["shared", "private"] as const);
        const id = random.pick(ids);
        if (to === "shared") sharedOnPurpose.add(`${collection}/${id}`);
        return { kind: "move", collection, id, to };
      }
      if (dice < 21) return { kind: "attach", collection: "b", networkId };
      if (dice < 23) return { kind: "detach", collection: "b" };
      if (dice < 24) return { kind: "strategy", collection, strategy: random.pick(strategies) };
      return documentWrite(random, collection);
    },
  };
};

const textOf = (step: number): string => `text ${step}`;

const strategies = ["last-write-wins", "first-write-wins"] as const;

const rowOf = (document: object): Parameters<typeof encodeRows>[0][number] => {
  const { id, leaves } = checkDocument(document);
  return { id: id ?? "", leaves, meta: null };
};

const randomTarget = (random: Random): Target => {
  if (random.chance(0.8)) {
    return { kind: "ids", ids: random.shuffle(ids).slice(0, 1 + random.integer(2)) };
  }
  const filter = random.pick([{}, { x: { $exists: true } }, { n: { $gt: 0 } }]);
  return { kind: "filter", filter, limit: random.pick([null, 1, 2]) };
};

const randomDocument = (random: Random, step: number): Record<string, Value> => ({
  x: step,
  ...(random.chance(0.5) ? { y: textOf(step) } : {}),
  ...(random.chance(0.4)
    ? { a: random.pick<Value>([step, {}, { b: step }, { b: { c: 1 } }]) }
    : {}),
  ...(random.chance(0.4) ? { t: random.pick<Value>([[], [1, 2], ["a", 2, 2]]) } : {}),
  ...(random.chance(0.4) ? { n: random.pick([0, 1, 2.5, step]) } : {}),
});

/** Operators on different fields, since one update may name a field once. */
const randomUpdate = (random: Random, step: number): object => {
  if (random.chance(0.15)) {
    return { x: step, a: random.pick<Value>([step, {}, { b: step, c: { d: 1 } }]) };
  }
  const element = random.pick<Value>([1, 2, 3, "a", null]);
  const update: Record<string, object> = {};
  const add = (operator: string, fields: object): void => {
    update[operator] = { ...update[operator], ...fields };
  };
  if (random.chance(0.4)) add("$set", { x: step });
  if (random.chance(0.2)) add("$unset", { y: true });
  else if (random.chance(0.2)) add("$set", { y: textOf(step) });
  const deep = random.integer(8);
  if (deep === 0) add("$set", { a: step });
  if (deep === 1) add("$set", { a: {} });
  if (deep === 2) add("$set", { "a.b": step, "a.c": "c" });
  if (deep === 3) add("$unset", { "a.b": true });
  if (deep === 4) add("$set", { a: { b: { c: step } } });
  if (deep === 5) add("$unset", { a: true });
  const set = random.integer(8);
  if (set === 0) add("$addToSet", { t: element });
  if (set === 1) add("$pull", { t: element });
  if (set === 2) add("$set", { t: [element, 2] });
  if (set === 3) add("$push", { t: element });
  if (set === 4) add("$addToSet", { "s.t": { $each: [element, 7] } });
  if (set === 5) add("$unset", { t: true });
  const count = random.integer(6);
  if (count < 2) add("$inc", { n: random.pick([1, -2, 0.5]) });
  if (count === 2) add("$set", { n: step });
  if (count === 3) add("$unset", { n: true });
  return Object.keys(update).length > 0 ? update : { $set: { x: step } };
};
