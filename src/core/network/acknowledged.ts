/**
 * What is held of one device's acknowledgements: those that say the last of some scope, put
 * together. They may come in any order and more than once; what they come to depends on their
 * numbers alone.
 */
import { acknowledgementBytesPerDeviceMax, acknowledgementsPerDeviceMax } from "../base/limits.ts";
import type { ScopeId } from "../base/types.ts";
import type { Row } from "../segment/header.ts";
import {
  beforeAll,
  compareNumbers,
  type AcknowledgementNumber,
  type CheckedAcknowledgement,
} from "./acknowledgement.ts";
import type { ScopeRows } from "./scopeRows.ts";

export interface Acknowledged {
  /** Of the highest. */
  readonly number: AcknowledgementNumber;
  /** By rising number; whoever has all of them knows what is known here. */
  readonly live: readonly CheckedAcknowledgement[];
  readonly scopes: ScopeRows;
}

export const nothingAcknowledged: Acknowledged = {
  ...{ number: beforeAll, live: [], scopes: new Map() },
};

/**
 * With one more; the very same where that says nothing that is not known. More than may be held of
 * one device go from the lowest on: then less is known of it, never what is not so.
 */
export const withAcknowledgement = (
  held: Acknowledged,
  next: CheckedAcknowledgement,
): Acknowledged => {
  if (next.incarnation < held.number.incarnation) return held;
  const before = next.incarnation > held.number.incarnation ? [] : held.live;
  if (before.some(({ counter }) => counter === next.counter)) return held;
  const live = bounded(lastOfScopes([...before, next].sort(compareNumbers)));
  return live.includes(next) ? acknowledgedOf(live) : held;
};

/** As they were held: by rising number, of one device and incarnation. */
export const acknowledgedOf = (live: readonly CheckedAcknowledgement[]): Acknowledged => {
  const last = live.at(-1);
  if (last === undefined) return nothingAcknowledged;
  const { incarnation, counter } = last;
  const scopes = new Map(live.flatMap((each) => [...each.scopes]));
  return { number: { incarnation, counter }, live, scopes };
};

/** That much stands in memory and in the store. */
export const bytesOf = ({ live }: Acknowledged): number =>
  live.reduce((sum, { bytes }) => sum + bytes.length, 0);

/** Whether these heads are the same, in whatever order. */
export const areSameRows = (a: readonly Row[], b: readonly Row[]): boolean => {
  const names = namesOf(b);
  return a.length === b.length && a.every((row) => names.has(nameOf(row)));
};

/** Whether all of the first stand among the second. */
export const coversRows = (rows: readonly Row[], held: readonly Row[]): boolean => {
  const names = namesOf(held);
  return rows.every((row) => names.has(nameOf(row)));
};

/** What a later one says of a scope stands for all of it; the highest stays for its number. */
const lastOfScopes = (
  rising: readonly CheckedAcknowledgement[],
): readonly CheckedAcknowledgement[] => {
  const said = new Set<ScopeId>();
  const live = rising.toReversed().filter(({ scopes }, index) => {
    const isLast = index === 0 || [...scopes.keys()].some((scope) => !said.has(scope));
    for (const scope of scopes.keys()) said.add(scope);
    return isLast;
  });
  return live.reverse();
};

const bounded = (live: readonly CheckedAcknowledgement[]): readonly CheckedAcknowledgement[] => {
  let bytes = 0;
  const kept = live.toReversed().filter((each, index) => {
    bytes += each.bytes.length;
    return index < acknowledgementsPerDeviceMax && bytes <= acknowledgementBytesPerDeviceMax;
  });
  return kept.reverse();
};

const nameOf = ({ writer, n, header }: Row): string => `${writer}/${String(n)}/${header}`;

const namesOf = (rows: readonly Row[]): ReadonlySet<string> => new Set(rows.map(nameOf));
