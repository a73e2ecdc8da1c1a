/**
 * Finding the documents in which two sides differ, as questions of one and answers of the other
 * (FORMATS.md §8). Who asks takes its documents apart into ranges with fingerprints; who answers
 * takes those that differ further apart, and nothing else: it holds no state, so that a question
 * may be lost or come twice. What is found are claims, and select what each side reads anew from
 * its own log.
 *
 * Each question and each answer divides what is left by `rangePartsMax`: one document of 10,000
 * takes two. Whatever the other side says, there are at most `questionsMax` of them.
 */
import {
  differingDocumentsMax,
  questionPartsMax,
  questionsMax,
  rangePartsMax,
} from "../base/limits.ts";
import {
  everything,
  keysIn,
  partOf,
  samePart,
  splitRange,
  type KeyRange,
  type Part,
  type RangeItems,
  type RangeKey,
  type Run,
} from "./rangeItems.ts";

/** Of the side that asks. */
export interface Inquiry {
  readonly items: RangeItems;
  /** Ranges that differ and are to be asked about. */
  readonly open: readonly KeyRange[];
  /** Documents that one side holds, or holds otherwise. */
  readonly differing: ReadonlySet<RangeKey>;
  readonly questions: number;
}

export interface Question {
  readonly runs: readonly Run[];
  /** The inquiry without what is asked. */
  readonly rest: Inquiry;
}

export const beginInquiry = (items: RangeItems): Inquiry => ({
  items,
  open: [everything],
  differing: new Set(),
  questions: 0,
});

/** null: nothing is left to ask, or too much. */
export const nextQuestion = (inquiry: Inquiry): Question | null => {
  const { items, open, differing, questions } = inquiry;
  if (open.length === 0 || isTooMuch(inquiry)) return null;
  const runs: Run[] = [];
  let parts = 0;
  for (const range of open) {
    const run = splitRange(items, range);
    parts += run.parts.length;
    if (parts > questionPartsMax) break;
    runs.push(run);
  }
  const rest = { items, open: open.slice(runs.length), differing, questions: questions + 1 };
  return { runs, rest };
};

/** What differs of the question; null: it is longer than one may be. */
export const answerTo = (items: RangeItems, runs: readonly Run[]): readonly Run[] | null => {
  if (runs.reduce((sum, { parts }) => sum + parts.length, 0) > questionPartsMax) return null;
  return runs.flatMap((run) =>
    rangesOf(run).flatMap(({ range, part }) =>
      samePart(part, partOf(items, range)) ? [] : [splitRange(items, range)],
    ),
  );
};

/** Answers to what was not asked count for nothing. */
export const takeAnswer = ({ runs, rest }: Question, answer: readonly Run[]): Inquiry => {
  const { items } = rest;
  const asked = new Map(runs.flatMap(rangesOf).map(({ range }) => [range.from, range.to] as const));
  const open = [...rest.open];
  const differing = new Set(rest.differing);
  for (const run of answer) {
    const end = run.parts.at(-1)?.to;
    if (end === undefined || asked.get(run.from) !== end) continue;
    asked.delete(run.from);
    for (const { range, part } of rangesOf(run)) {
      if (samePart(part, partOf(items, range))) continue;
      if (part.count > 1) open.push(range);
      else for (const key of keysApart(items, range, part)) differing.add(key);
    }
  }
  return { ...rest, open, differing };
};

/** null: there are too many to name, or the other side's answers lead nowhere. */
export const differingIn = (inquiry: Inquiry): ReadonlySet<RangeKey> | null =>
  isTooMuch(inquiry) || inquiry.open.length > 0 ? null : inquiry.differing;

const isTooMuch = ({ differing, questions, open }: Inquiry): boolean =>
  differing.size > differingDocumentsMax ||
  open.length > openRangesMax ||
  (questions >= questionsMax && open.length > 0);

/** As many as one answer may bring. */
const openRangesMax = questionPartsMax * rangePartsMax;

interface RangePart {
  readonly range: KeyRange;
  readonly part: Part;
}

const rangesOf = ({ from, parts }: Run): readonly RangePart[] =>
  parts.map((part, index) => ({
    range: { from: parts[index - 1]?.to ?? from, to: part.to },
    part,
  }));

/** Of a range in which the other side has one document, which begins it, or none. */
const keysApart = (items: RangeItems, range: KeyRange, theirs: Part): readonly RangeKey[] => {
  const mine = keysIn(items, range);
  if (theirs.count === 0) return mine;
  const first = { from: range.from, to: mine[1] ?? range.to };
  const isHeldAlike = mine[0] === range.from && samePart(theirs, partOf(items, first));
  return [range.from, ...mine].filter((key) => key !== range.from || !isHeldAlike);
};
