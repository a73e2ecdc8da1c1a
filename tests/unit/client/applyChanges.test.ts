/**
 * What the page makes of an update, against what the engine stores: on random documents and updates
 * they must be one, or a transaction would read what is never written.
 */
import { afterAll, expect, test } from "vitest";
import { updated } from "../../../src/client/applyChanges.ts";
import type { StoredFields } from "../../../src/client/rows.ts";
import type { Update } from "../../../src/client/types.ts";
import type { Value } from "../../../src/core/base/types.ts";
import { NebulusError } from "../../../src/core/base/errors.ts";
import { compileUpdate } from "../../../src/core/query/update.ts";
import { createDistributedDb } from "../../../src/index.node.ts";
import { createRandom, type Random } from "../../support/random.ts";

const database = createDistributedDb();
afterAll(() => database.shutdown());

type Fields = Record<string, Value>;

const names = ["a", "b", "c"];

const randomValue = (random: Random, depth: number): Value => {
  const kind = random.integer(depth > 0 ? 7 : 4);
  if (kind === 0) return null;
  if (kind === 1) return random.integer(5);
  if (kind === 2) return random.pick(["x", "y", ""]);
  if (kind === 3) return random.chance(0.5);
  if (kind === 4) return new Date(random.integer(1_000));
  const size = random.integer(3);
  if (kind === 5) return Array.from({ length: size }, () => randomValue(random, depth - 1));
  return randomFields(random, depth - 1);
};

const randomFields = (random: Random, depth: number): Fields => {
  const fields: Fields = {};
  for (const name of names) if (random.chance(0.5)) fields[name] = randomValue(random, depth);
  return fields;
};

const randomPath = (random: Random): string =>
  Array.from({ length: 1 + random.integer(3) }, () => random.pick(names)).join(".");

const randomUpdate = (random: Random): Update<object> => {
  if (random.chance(0.2)) return randomFields(random, 2);
  const operands: { readonly [operator: string]: () => Value } = {
    $set: () => randomValue(random, 2),
    $unset: () => true,
    // Never by 0: whether that shows depends on what once stood there, which only the engine knows.
    $inc: () => (random.integer(4) + 1) * random.pick([1, -1]),
    $push: () => randomValue(random, 1),
    $pull: () => randomValue(random, 1),
    $addToSet: () => randomValue(random, 1),
  };
  const [operator, operand] = random.pick(Object.entries(operands));
  const entries = Array.from({ length: 1 + random.integer(2) }, (): [string, Value] => [
    randomPath(random),
    operand(),
  ]);
  return { [operator]: Object.fromEntries(entries) };
};

const errorOf = (error: unknown): { code: string; path: string | undefined } => {
  if (!(error instanceof NebulusError)) throw error;
  return { code: error.code, path: error.path };
};

test("an update in the page equals the same update in the engine, 400 chains", async () => {
  const seed = Number(process.env["SEED"] ?? 20_261_121);
  const random = createRandom(seed);
  const items = database.collection("items");
  for (let chain = 0; chain < 400; chain++) {
    const id = `d${String(chain)}`;
    const fields = randomFields(random, 3);
    await items.insert({ ...fields, id });
    let expected: StoredFields = { ...fields, id };
    for (let step = 0; step < 6; step++) {
      const update = randomUpdate(random);
      const where = `seed ${String(seed)}, chain ${String(chain)}: ${JSON.stringify(update)}`;
      let refusal: unknown = null;
      try {
        expected = updated(expected, compileUpdate(update));
      } catch (error) {
        refusal = errorOf(error);
      }
      const outcome: unknown = await items.update(id, update).catch(errorOf);
      expect(outcome, where).toEqual(refusal ?? 1);
      expect(await items.get(id), where).toEqual(expected);
    }
  }
});
