/**
 * Random histories of a journaled store that crashes, is killed, frozen, replaced and opened again:
 * whatever was acknowledged is there, in order, nothing torn or refused shows, no sequence is there
 * twice, and none of it is taken for a rollback.
 */
import { expect, test } from "vitest";
import type { JournalRecord, StorageAdapter, Store } from "../../src/storage/store.ts";
import { createJournaledMemory, type JournaledMemory } from "../support/journaledMemory.ts";
import { createJournalModel, type JournalModel } from "../support/journalModel.ts";
import { createRandom, type Random } from "../support/random.ts";

const seeds = 100;
const steps = 40;
const timeoutMilliseconds = 120_000;
const name = "history";

interface History {
  readonly random: Random;
  readonly memory: JournaledMemory;
  readonly model: JournalModel;
  adapter: StorageAdapter;
  store: Store;
  /** Replaced, and neither closed nor dead. */
  frozen: Store[];
  payloads: number;
}

const newRecords = (history: History, from: number): readonly JournalRecord[] =>
  Array.from({ length: 1 + history.random.integer(4) }, (_, index) => {
    const { random } = history;
    const size = random.chance(0.1) ? random.integer(3_000) : random.integer(60);
    const payload = new Uint8Array(4 + size).map((__, at) => (at * 7 + size) & 255);
    // No two are alike, so that it can be told which one is there
    new DataView(payload.buffer).setUint32(0, history.payloads++);
    return { sequence: from + index, payload };
  });

const append = async (history: History, store: Store): Promise<boolean> => {
  const records = newRecords(history, store.lastSequence + 1);
  const durability = history.random.pick(["strict", "strict", "relaxed"] as const);
  return history.model.append(store, records, durability);
};

const absorb = async ({ random, store, model }: History): Promise<void> => {
  const range = store.lastSequence - store.absorbedSequence;
  const absorbedSequence = store.absorbedSequence + random.integer(range + 1);
  model.absorbed(absorbedSequence);
  await store.write({ absorbedSequence, durability: random.pick(["strict", "relaxed"]) });
  model.flushed();
};

/** Of another process, which may begin while the one before still appends. */
const replace = async (history: History, where: string): Promise<void> => {
  const { random, memory, store: old } = history;
  const adapter = random.chance(0.5) ? memory.newAdapter() : history.adapter;
  const opening = adapter.open(name);
  const racing = random.chance(0.5);
  for (let turn = random.integer(60); racing && turn > 0; turn--) await Promise.resolve();
  const late = racing ? append(history, old) : Promise.resolve(false);
  history.adapter = adapter;
  history.store = await opening;
  await late;
  history.frozen.push(old);
  await check(history, where);
};

const check = async ({ store, model }: History, where: string, crashed = false): Promise<void> => {
  await model.check(store, where, crashed);
  expect(store.opening.rolledBack, where).toBeNull();
  expect(store.journalProvesContinuity, where).toBe(true);
};

const reopen = async (history: History, where: string, crashed: boolean): Promise<void> => {
  history.frozen = [];
  history.adapter = history.memory.newAdapter();
  history.store = await history.adapter.open(name);
  await check(history, where, crashed);
};

const step = async (history: History, where: string): Promise<void> => {
  const { random, memory, model, frozen } = history;
  const kind = random.integer(20);
  if (kind < 10) expect(await append(history, history.store), where).toBe(true);
  else if (kind < 13) await absorb(history);
  else if (kind === 13) {
    await history.store.close();
    model.flushed();
    await reopen(history, where, false);
  } else if (kind === 14) {
    memory.kill();
    await reopen(history, where, false);
  } else if (kind === 15) {
    memory.crash(random.integer);
    await reopen(history, where, true);
  } else if (kind === 16) {
    // Nobody hears what it comes to
    void append(history, history.store);
    for (let turn = random.integer(12); turn > 0; turn--) await Promise.resolve();
    if (random.chance(0.5)) memory.kill();
    else memory.crash(random.integer);
    await reopen(history, where, true);
  } else if (kind < 19) await replace(history, where);
  else if (frozen.length > 0) {
    const old = random.pick(frozen);
    if (random.chance(0.5)) expect(await append(history, old), where).toBe(false);
    else await old.close();
  }
};

const run = async (hasFence: boolean): Promise<void> => {
  for (let seed = 1; seed <= seeds; seed++) {
    const random = createRandom(seed);
    const sizes = { fileBytesMax: 12_288 + 400, fileAbsorbedBytesMax: 150 };
    const memory = createJournaledMemory({ seed, hasFence, sizes });
    const { adapter } = memory;
    const store = await adapter.open(name);
    const model = createJournalModel();
    const history: History = {
      ...{ random, memory, model, adapter, store, frozen: [], payloads: 0 },
    };
    for (let number = 1; number <= steps; number++) {
      await step(history, `seed ${seed}, step ${number}`);
    }
    await check(history, `seed ${seed}, end`);
  }
};

test.each([true, false])(
  "acknowledged is there, refused is not; with a slot that fences: %s",
  run,
  timeoutMilliseconds,
);
