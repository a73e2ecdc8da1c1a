/**
 * Answers are compared with what was stored, outside the measured time: a participant that answers
 * wrongly has no number.
 */
import { idAt, isRare, makeDocument, type BenchDocument } from "./documents.ts";

export const expectCount = (what: string, found: number, expected: number): void => {
  if (found !== expected) throw new Error(`${what}: ${found} instead of ${expected}`);
};

/** Field by field; what a store adds of its own is its own. */
export const expectDocument = (
  found: BenchDocument | null | undefined,
  expected: BenchDocument,
): void => {
  if (found === null || found === undefined) throw new Error(`${expected.id} is missing`);
  for (const [field, value] of Object.entries(expected)) {
    const stored: unknown = Reflect.get(found, field);
    if (canonical(stored) === canonical(value)) continue;
    throw new Error(`${expected.id}: ${field} is ${canonical(stored)}, not ${canonical(value)}`);
  }
};

/** All that were asked for, each with what is expected of it. */
export const expectDocuments = (
  found: readonly BenchDocument[],
  expected: readonly BenchDocument[],
): void => {
  expectCount("documents found", found.length, expected.length);
  const byId = new Map(found.map((document) => [document.id, document]));
  for (const document of expected) expectDocument(byId.get(document.id), document);
};

/** Evenly spread over so many; the first and the last are in it. */
export const samplePositions = (documents: number, count: number): readonly number[] =>
  Array.from({ length: Math.min(count, documents) }, (_, index) =>
    count === 1 ? 0 : Math.floor((index * (documents - 1)) / (Math.min(count, documents) - 1 || 1)),
  );

export const countRare = (documents: number, seed: number): number => {
  let count = 0;
  for (let at = 0; at < documents; at++) count += Number(isRare(makeDocument(at, seed)));
  return count;
};

export const expectRare = (found: readonly BenchDocument[], expected: number): void => {
  expectCount("documents that match", found.length, expected);
  if (!found.every(isRare)) throw new Error("a document was found that does not match");
};

export const idsAt = (positions: readonly number[]): readonly string[] => positions.map(idAt);

/** Keys in one order: stores may give them back in another. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
