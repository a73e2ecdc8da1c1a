/**
 * Finding the documents in which two sides differ, over links that lose and repeat, and against
 * answers that lie. RANGES_SEED=… plays others.
 */
import { describe, expect, test } from "vitest";
import { differingDocumentsMax, questionsMax } from "../../src/core/base/limits.ts";
import { scopeIdOf } from "../../src/core/base/ids.ts";
import { hash } from "../../src/core/crypto/hash.ts";
import { headsHashOf } from "../../src/core/sync/heads.ts";
import {
  createRangeKeys,
  rangeKeyOf,
  sortRangeItems,
  type Part,
  type RangeItems,
  type RangeKey,
  type Run,
} from "../../src/core/sync/rangeItems.ts";
import {
  answerTo,
  beginInquiry,
  differingIn,
  nextQuestion,
  takeAnswer,
} from "../../src/core/sync/ranges.ts";
import {
  decodeRangesMessage,
  encodeRangesMessage,
  type RangesStep,
} from "../../src/core/sync/rangesMessage.ts";
import { createRandom, type Random } from "../support/random.ts";

const seed = Number(process.env["RANGES_SEED"] ?? 1);
const keys = createRangeKeys({ key: new Uint8Array(32).fill(1), transcript: new Uint8Array(32) });

/** By id: a number that stands for the state. */
type Documents = ReadonlyMap<string, number>;

const listOf = (documents: Documents): RangeItems =>
  sortRangeItems(
    [...documents].map(([id, state]) => ({
      ...{ id, key: keys.keyOf(id) },
      print: keys.printOf(hash("document", id, state)),
    })),
  );

/** Two sides, and by how much they differ. */
const sidesOf = (random: Random, documents: number, differences: number) => {
  const mine = new Map<string, number>();
  for (let n = 0; n < documents; n++) mine.set(`document-${n}`, 1);
  const theirs = new Map(mine);
  const differing = new Set<string>();
  for (let n = 0; n < differences; n++) {
    const isNew = random.chance(0.3) || documents === 0;
    const id = isNew ? `only-${n}` : `document-${random.integer(documents)}`;
    const side = random.pick([mine, theirs]);
    if (isNew || random.chance(0.5)) side.set(id, 2 + (n % 200));
    else side.delete(id);
    if (mine.get(id) === theirs.get(id)) differing.delete(id);
    else differing.add(id);
  }
  return { mine: listOf(mine), theirs: listOf(theirs), differing };
};

interface Link {
  /** What comes of a message; null: it is lost. */
  readonly carry: (bytes: Uint8Array) => Uint8Array | null;
}

const scope = scopeIdOf(new Uint8Array(16));

/** As bytes there and back again, as often as it takes; counts what was sent. */
const createAsker = (link: Link, reply: (runs: readonly Run[]) => readonly Run[] | null) => {
  const count = { trips: 0, bytes: 0 };
  let round = 0;
  const pass = (step: RangesStep): RangesStep | null => {
    const message = { scope, headsHash: headsHashOf([]), round, step };
    const bytes = encodeRangesMessage(message);
    count.bytes += bytes.length;
    const carried = link.carry(bytes);
    if (carried === null) return null;
    const read = decodeRangesMessage(carried);
    if (!read.ok) throw new Error("it was not read as written");
    expect(read.value).toEqual(message);
    return read.value.step;
  };
  return {
    count,
    ask: (runs: readonly Run[]): readonly Run[] => {
      round += 1;
      for (;;) {
        count.trips += 1;
        const asked = pass({ kind: "ask", runs });
        const answer = asked?.kind === "ask" ? reply(asked.runs) : null;
        const said = answer === null ? null : pass({ kind: "answer", runs: answer });
        if (said?.kind === "answer") return said.runs;
      }
    },
  };
};

const sound: Link = { carry: (bytes) => bytes };

const inquire = (
  items: RangeItems,
  ask: (runs: readonly Run[]) => readonly Run[],
): { readonly differing: ReadonlySet<RangeKey> | null; readonly questions: number } => {
  let inquiry = beginInquiry(items);
  for (let next = nextQuestion(inquiry); next !== null; next = nextQuestion(inquiry)) {
    inquiry = takeAnswer(next, ask(next.runs));
  }
  return { differing: differingIn(inquiry), questions: inquiry.questions };
};

const keysOf = (ids: Iterable<string>): ReadonlySet<RangeKey> =>
  new Set([...ids].map((id) => keys.keyOf(id)));

describe("two sides find", () => {
  test("exactly what differs, whichever of them asks", () => {
    for (let run = 0; run < 40; run++) {
      const random = createRandom(seed * 1_000 + run);
      const documents = random.pick([0, 1, 2, 31, 32, 33, 64, 500, random.integer(5_000)]);
      const differences = random.pick([0, 1, 2, random.integer(50)]);
      const { mine, theirs, differing } = sidesOf(random, documents, differences);
      for (const [asker, answerer] of [
        [mine, theirs],
        [theirs, mine],
      ] as const) {
        const { ask, count } = createAsker(sound, (runs) => answerTo(answerer, runs));
        const found = inquire(asker, ask);
        expect(found.differing, `run ${run}`).toEqual(keysOf(differing));
        expect(found.questions, `run ${run}`).toBeLessThanOrEqual(2 + differing.size);
        const bytesMax = 3_000 + differing.size * 5_000;
        expect(count.bytes, `run ${run}`).toBeLessThanOrEqual(bytesMax);
      }
    }
  });

  test("the same over a link that loses half of all messages", () => {
    for (let run = 0; run < 10; run++) {
      const random = createRandom(seed * 2_000 + run);
      const { mine, theirs, differing } = sidesOf(random, 1_000, 20);
      const lossy: Link = { carry: (bytes) => (random.chance(0.5) ? null : bytes) };
      const { ask } = createAsker(lossy, (runs) => answerTo(theirs, runs));
      expect(inquire(mine, ask).differing).toEqual(keysOf(differing));
    }
  });

  test("one of 10,000 in two questions and 10 kB", () => {
    const random = createRandom(seed);
    for (let run = 0; run < 2; run++) {
      const { mine, theirs, differing } = sidesOf(random, 10_000, 1);
      const { ask, count } = createAsker(sound, (runs) => answerTo(theirs, runs));
      expect(inquire(mine, ask)).toEqual({ differing: keysOf(differing), questions: 2 });
      expect(count.bytes).toBeLessThan(10_000);
    }
  });

  test("that there is too much to name", () => {
    const all = Array.from({ length: 3_000 }, (_, n) => `document-${n}`);
    const other = listOf(new Map(all.map((id) => [id, 2])));
    const one = listOf(new Map(all.map((id) => [id, 1])));
    const nothing = listOf(new Map());
    for (const [asker, answerer] of [
      [one, other],
      [one, nothing],
      [nothing, one],
    ] as const) {
      const { ask } = createAsker(sound, (runs) => answerTo(answerer, runs));
      const { differing, questions } = inquire(asker, ask);
      expect(differing).toBeNull();
      expect(questions).toBeLessThan(questionsMax);
    }
  });
});

const anyKey = (random: Random): RangeKey => rangeKeyOf(random.bytes(16));

/** A range of the question taken apart at random, or what has nothing to do with it. */
const lieAbout = (random: Random, { from, parts }: Run): Run => {
  const ends = [...Array.from({ length: random.integer(32) }, () => anyKey(random))].sort();
  const end = random.pick(parts).to;
  const start = random.chance(0.8) ? from : anyKey(random);
  const between = ends.filter((key) => key > start && (end === null || key < end));
  const lies = [...between, end].map((to): Part => {
    const count = random.pick([0, 1, 2, 1_000, 2 ** 40]);
    return { to, count, print: anyKey(random) };
  });
  return { from: start, parts: lies };
};

describe("whoever answers with lies", () => {
  test("is not asked for ever, and brings nothing to grow beyond bounds", () => {
    for (let run = 0; run < 20; run++) {
      const random = createRandom(seed * 3_000 + run);
      const { mine } = sidesOf(random, random.integer(2_000), 0);
      const repeats = random.integer(40);
      let inquiry = beginInquiry(mine);
      for (let next = nextQuestion(inquiry); next !== null; next = nextQuestion(inquiry)) {
        const { runs } = next;
        const singles = runs.flatMap(({ from, parts }) =>
          parts.map((part, index) => ({ from: parts[index - 1]?.to ?? from, parts: [part] })),
        );
        const lies = Array.from({ length: repeats }, () => lieAbout(random, random.pick(singles)));
        inquiry = takeAnswer(next, lies);
        expect(inquiry.open.length).toBeLessThan(40_000);
        expect(inquiry.differing.size).toBeLessThan(4_000);
      }
      expect(inquiry.questions).toBeLessThanOrEqual(questionsMax);
      const differing = differingIn(inquiry);
      expect(differing?.size ?? 0).toBeLessThanOrEqual(differingDocumentsMax);
    }
  });

  test("is not believed about what was not asked, nor twice", () => {
    const items = listOf(new Map([["document", 1]]));
    const question = nextQuestion(beginInquiry(items));
    if (question === null) throw new Error("there is something to ask");
    const part = { to: null, count: 1, print: "00".repeat(16) };
    const elsewhere = rangeKeyOf(new Uint8Array(16).fill(1));
    for (const parts of [[part], []]) {
      expect(takeAnswer(question, [{ from: elsewhere, parts }])).toEqual(question.rest);
    }
    const open = { to: null, count: 2, print: part.print };
    const [{ from, to } = { from: null, to: null }] = question.runs.flatMap((run) =>
      run.parts.map((each, index) => ({ from: run.parts[index - 1]?.to ?? run.from, to: each.to })),
    );
    if (from === null) throw new Error("it is taken apart");
    const twice = { from, parts: [{ ...open, to }] };
    expect(takeAnswer(question, [twice, twice]).open).toEqual([{ from, to }]);
  });

  test("may ask no more than one answer can hold", () => {
    const items = listOf(new Map([["document", 1]]));
    const part = { to: null, count: 9, print: "00".repeat(16) };
    const run = { from: rangeKeyOf(new Uint8Array(16)), parts: [part] };
    expect(
      answerTo(
        items,
        Array.from({ length: 512 }, () => run),
      ),
    ).toHaveLength(512);
    expect(
      answerTo(
        items,
        Array.from({ length: 513 }, () => run),
      ),
    ).toBeNull();
  });
});

test("nothing shows across sessions: neither an id nor a state", () => {
  const other = createRangeKeys({
    key: new Uint8Array(32).fill(1),
    transcript: new Uint8Array(32).fill(9),
  });
  const state = hash("document", "id");
  expect(keys.keyOf("document")).not.toBe(other.keyOf("document"));
  expect(keys.printOf(state)).not.toBe(other.printOf(state));
});
