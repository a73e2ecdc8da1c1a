/**
 * All living documents of a home with the hashes of their states, as a repair compares them: read
 * in turns, and worth something only if nothing changed meanwhile. Their sum is what the home's
 * digest should be; where it is not, the digest is put right and no peer need be asked.
 */
import { bytesToHex, equalBytes } from "../../core/base/bytes.ts";
import { listedDocumentsPerTurn } from "../../core/base/limits.ts";
import { createDigest, stateHash, type Digest } from "../../core/doc/digest.ts";
import {
  sortRangeItems,
  type RangeItem,
  type RangeItems,
  type RangeKeys,
} from "../../core/sync/rangeItems.ts";
import type { Engine } from "../engine.ts";
import type { Home } from "../home.ts";
import { differingDamage } from "../recovery.ts";
import { createStateDigest } from "../stateDigest.ts";
import { summaryOf } from "./summary.ts";

/** What is held and what was read of it; null while that is not settled. */
export const situationOf = (home: Home): string | null => {
  const { headsHash, digest } = summaryOf(home);
  return digest === null ? null : `${headsHash} ${bytesToHex(digest)}`;
};

/** A home that changed meanwhile, or whose digest was put right, has none to compare. */
export const listDocuments = async (
  engine: Engine,
  home: Home,
  keys: RangeKeys,
): Promise<RangeItems | "changed" | "righted"> => {
  const { documents } = home;
  const situation = situationOf(home);
  const isStill = (): boolean => home.documents === documents && situationOf(home) === situation;
  const items: RangeItem[] = [];
  const sum = createDigest();
  let after: string | undefined;
  for (;;) {
    // Those that others took the place of have no pages any more: they could be waited for for ever
    const states = await engine.reading(() =>
      home.documents === documents
        ? documents.some(listedDocumentsPerTurn, { after, onlyLiving: true })
        : [],
    );
    if (situation === null || !isStill()) return "changed";
    for (const state of states) {
      const hash = stateHash(state);
      if (hash === null) continue;
      const { id } = state;
      items.push({ key: keys.keyOf(id), id, print: keys.printOf(hash) });
      sum.add(hash);
    }
    after = states.at(-1)?.id;
    if (after === undefined) break;
    await nextTask(engine);
  }
  if (equalBytes(sum.bytes(), home.digest.value())) return sortRangeItems(items);
  await rightDigest(engine, home, { sum, isStill });
  return "righted";
};

const nextTask = ({ deps }: Engine): Promise<void> =>
  new Promise((resolve) => {
    deps.timers.soon(resolve);
  });

const rightDigest = (
  { ingest, rebuild, checkpointer, tellDamage }: Engine,
  home: Home,
  { sum, isStill }: { readonly sum: Digest; readonly isStill: () => boolean },
): Promise<void> =>
  ingest.inTurn(home, () =>
    rebuild.whileStill(home, () => {
      if (!isStill()) return Promise.resolve();
      home.digest = createStateDigest(sum.bytes());
      // The next checkpoint is due though no document changed
      home.storedHeaders = null;
      home.counters.count("repair", "digest");
      tellDamage(differingDamage(home.scope, "its digest was another; summed up anew"));
      checkpointer.wake();
      return Promise.resolve();
    }),
  );
