/**
 * What a journal may show after whatever happened to it: the simple truth beside the store. It
 * knows each record that was ever tried, what the caller was told of it, and fails on what is
 * missing, changed, out of order, or there although it was refused.
 */
import { expect } from "vitest";
import { NebulusError } from "../../src/core/base/errors.ts";
import type { JournalRecord, Store } from "../../src/storage/store.ts";

/**
 * `strict`: must be there; `relaxed`: unless the power failed; `unknown`: whole or not at all;
 * `refused`: must not.
 */
type Fate = "strict" | "relaxed" | "unknown" | "refused";

interface Attempt {
  readonly payload: string;
  fate: Fate;
}

export interface JournalModel {
  /** Appends, and notes what it came to. Returns whether it was acknowledged. */
  readonly append: (
    store: Store,
    records: readonly JournalRecord[],
    durability: "strict" | "relaxed",
  ) => Promise<boolean>;
  /** What was appended is flushed: a write of the tables, or a close, succeeded. */
  readonly flushed: () => void;
  readonly absorbed: (sequence: number) => void;
  /** What the store shows must be what it may show; from then on it is what is there. */
  readonly check: (store: Store, where: string, afterPowerLoss?: boolean) => Promise<void>;
}

export const createJournalModel = (): JournalModel => {
  const attempts = new Map<number, Attempt[]>();
  let absorbed = 0;
  /** A call of the tables that failed may have absorbed. */
  let absorbedMax = 0;
  const each = (change: (attempt: Attempt) => void): void => {
    for (const all of attempts.values()) all.forEach(change);
  };
  const flushed = (): void => {
    each((attempt) => {
      if (attempt.fate === "relaxed") attempt.fate = "strict";
    });
  };
  return {
    flushed,
    append: async (store, records, durability) => {
      const made = records.map(({ sequence, payload }): Attempt => {
        const attempt: Attempt = { payload: textOf(payload), fate: "unknown" };
        attempts.set(sequence, [...(attempts.get(sequence) ?? []), attempt]);
        return attempt;
      });
      try {
        await store.appendJournal(records, durability);
      } catch (cause) {
        const isRefused = cause instanceof NebulusError && cause.outcome === "not committed";
        for (const attempt of made) attempt.fate = isRefused ? "refused" : "unknown";
        return false;
      }
      if (durability === "strict") flushed();
      for (const attempt of made) attempt.fate = durability;
      return true;
    },
    absorbed: (sequence) => {
      absorbedMax = Math.max(absorbedMax, sequence);
    },
    check: async (store, where, afterPowerLoss = false) => {
      expect(store.absorbedSequence, where).toBeGreaterThanOrEqual(absorbed);
      expect(store.absorbedSequence, where).toBeLessThanOrEqual(absorbedMax);
      absorbed = store.absorbedSequence;
      let expected = absorbed + 1;
      const shown = new Map<number, Attempt>();
      for await (const { sequence, payload } of store.journal()) {
        expect(sequence, where).toBe(expected++);
        const text = textOf(payload);
        const tried = attempts.get(sequence)?.findLast((attempt) => attempt.payload === text);
        expect(tried?.fate, `${where}: record ${sequence} is there`).toMatch(
          /strict|relaxed|unknown/,
        );
        if (tried !== undefined) shown.set(sequence, tried);
      }
      expect(store.lastSequence, where).toBe(Math.max(absorbed, expected - 1));
      for (const [sequence, all] of attempts) {
        const isPast = sequence <= absorbed;
        for (const attempt of all) {
          const mustShow =
            attempt.fate === "strict" || (attempt.fate === "relaxed" && !afterPowerLoss);
          const isShown = isPast || shown.get(sequence) === attempt;
          expect(!mustShow || isShown, `${where}: record ${sequence} is missing`).toBe(true);
          // What is there was made durable; what is not never comes back
          attempt.fate = shown.get(sequence) === attempt || isPast ? "strict" : "refused";
        }
        if (isPast) attempts.delete(sequence);
      }
      expect(store.damage(), where).toEqual([]);
    },
  };
};

const textOf = (payload: Uint8Array): string => Buffer.from(payload).toString("base64");
