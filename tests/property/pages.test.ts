/**
 * Pages of documents on random input: what goes in comes out, however pages are split, compressed
 * and written again; and whatever else the bytes are, reading them ends in a typed refusal.
 */
import { expect, test } from "vitest";
import { FormFault } from "../../src/core/cbor/form.ts";
import { readDocument } from "../../src/core/doc/read.ts";
import type { DocumentState } from "../../src/core/doc/state.ts";
import {
  compressPage,
  makePages,
  openPage,
  type DocumentsPage,
  type MadePage,
} from "../../src/core/page/documentsPage.ts";
import { decodeRows, rowToDocument } from "../../src/core/wire/rows.ts";
import { RowsWriter } from "../../src/core/wire/rowsWriter.ts";
import { createRandom, type Random } from "../support/random.ts";
import { statesFrom } from "../support/states.ts";

const opened = (bytes: Uint8Array): DocumentsPage => {
  const page = openPage(bytes);
  if (!page.ok) throw new Error(page.error);
  return page.value;
};

const statesIn = (page: DocumentsPage): readonly DocumentState[] =>
  page.ids.map((_, index) => page.stateAt(index));

const pagesOf = (states: readonly DocumentState[], bytesTarget: number): readonly MadePage[] =>
  makePages(
    states.map((state) => ({ id: state.id, state })),
    null,
    bytesTarget,
  );

test("states come back as they were, plain and general", { timeout: 60_000 }, () => {
  const states = statesFrom(1, 60);
  expect(new Set(states.map(({ kind }) => kind))).toEqual(new Set(["plain", "general"]));
  for (const bytesTarget of [1, 700, 65_536]) {
    const made = pagesOf(states, bytesTarget);
    if (bytesTarget === 1) expect(made).toHaveLength(states.length);
    expect(made.flatMap(({ bytes }) => statesIn(opened(bytes)))).toEqual(states);
    expect(made.flatMap(({ bytes }) => statesIn(opened(compressPage(bytes))))).toEqual(states);
    for (const { bytes, first, last, count } of made) {
      const { ids } = opened(bytes);
      expect([ids[0], ids.at(-1), ids.length]).toEqual([first, last, count]);
    }
  }
});

test("a page written again keeps what did not change", { timeout: 60_000 }, () => {
  const random = createRandom(7);
  const states = statesFrom(100, 30);
  let held = new Map(states.slice(0, 40).map((state) => [state.id, state]));
  let page = opened(pagesOf([...held.values()], 1e6)[0]?.bytes ?? new Uint8Array());
  for (let round = 0; round < 30; round++) {
    const changed = states.filter(() => random.chance(0.05));
    const next = new Map([...held].filter(() => random.chance(0.95)));
    const kept = [...next.keys()].filter((id) => !changed.some((state) => state.id === id));
    for (const state of changed) next.set(state.id, state);
    const documents = [
      ...changed.map((state) => ({ id: state.id, state })),
      ...kept.map((id) => ({ id, index: page.indexOf(id) })),
    ].sort((a, b) => (a.id < b.id ? -1 : 1));
    const [made] = makePages(documents, page, 1e6);
    page = opened(made?.bytes ?? new Uint8Array());
    held = next;
    const expected = [...held.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
    expect(statesIn(page)).toEqual(expected);
    const living = expected.filter((state) => state.kind === "plain" || state.births.length > 0);
    expect(made?.living).toBe(living.length);
  }
});

test("a row that is copied from a page shows what its state shows", { timeout: 60_000 }, () => {
  const states = statesFrom(500, 60);
  let copied = 0;
  for (const { bytes } of pagesOf(states, 700)) {
    const page = opened(bytes);
    for (const [index, state] of statesIn(page).entries()) {
      const writer = new RowsWriter(1);
      const isCopied = page.copyRow(index, writer);
      const rows = decodeRows(writer.take());
      expect(rows).toHaveLength(isCopied ? 1 : 0);
      if (state.kind === "general") expect(isCopied).toBe(false);
      if (!isCopied) continue;
      copied += 1;
      const view = readDocument(state, { strategy: "last-write-wins", now: Infinity });
      expect(rows.map(rowToDocument)).toEqual([view?.fields]);
      expect(view?.ours).toEqual({});
    }
  }
  expect(copied).toBeGreaterThan(10);
});

/** Reads all that can be read; throws what is no refusal. */
const readAll = (bytes: Uint8Array): "read" | "refused" => {
  const page = openPage(bytes);
  if (!page.ok) return "refused";
  try {
    statesIn(page.value);
    return "read";
  } catch (error) {
    if (error instanceof FormFault) return "refused";
    throw error;
  }
};

const spoilt = (random: Random, good: Uint8Array): Uint8Array => {
  const bytes = good.slice(0, random.chance(0.2) ? random.integer(good.length) : good.length);
  for (let times = random.integer(4); times >= 0; times--) {
    if (bytes.length > 0) bytes[random.integer(bytes.length)] = random.integer(256);
  }
  return bytes;
};

test("20,000 malformed pages: each is read or refused, and that soon", { timeout: 120_000 }, () => {
  const random = createRandom(20_260);
  const good = pagesOf(statesFrom(500, 20), 2_000).flatMap(({ bytes }) => [
    bytes,
    compressPage(bytes),
  ]);
  const outcomes = { read: 0, refused: 0 };
  for (let count = 0; count < 20_000; count++) {
    const isMadeOfGood = count % 2 === 0;
    const bytes = isMadeOfGood
      ? spoilt(random, random.pick(good))
      : random.bytes(random.integer(300));
    if (!isMadeOfGood && bytes.length > 1 && random.chance(0.7)) bytes.set([1, random.integer(2)]);
    outcomes[readAll(bytes)] += 1;
  }
  expect(outcomes.refused).toBeGreaterThan(15_000);
});
