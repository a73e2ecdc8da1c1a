/**
 * Records beside the chain: what a term left there, or what contradicts. A head says nothing of
 * them, and members at one head may hold different ones; yet what was written under one can be
 * judged only by who has it. So whoever asks names the last record of each such branch.
 */
import { controlBranchesMax } from "../../core/base/limits.ts";
import type { ShortHash } from "../../core/base/types.ts";
import type { ClosedControl } from "../../core/network/closed/chain.ts";
import { headOf, type ControlRecord } from "../../core/network/closed/record.ts";

/** The last ones of branches, of the highest alone where there are too many. */
export const tipsBeside = (control: ClosedControl): readonly ControlRecord[] => {
  const beside = recordsBeside(control);
  const followed = new Set(beside.map(({ previous }) => previous));
  return beside
    .filter(({ hash }) => !followed.has(hash))
    .sort((a, b) => b.height - a.height || (a.hash < b.hash ? -1 : 1))
    .slice(0, controlBranchesMax);
};

/** How many there are: it only grows while a chain stays as it is. */
export const countBeside = (control: ClosedControl): number => recordsBeside(control).length;

/** Of branches that a peer, who named what it holds, did not name. */
export const lackedBeside = (
  control: ClosedControl,
  have: readonly ShortHash[],
): ReadonlySet<ControlRecord> => {
  const named = new Set(have);
  const byHash = new Map(recordsBeside(control).map((record) => [record.hash, record]));
  const lacked = new Set<ControlRecord>();
  for (const tip of have.length === 0 ? [] : tipsBeside(control)) {
    let at: ControlRecord | undefined = tip;
    while (at !== undefined && !named.has(headOf(at).hash)) {
      lacked.add(at);
      at = at.previous === null ? undefined : byHash.get(at.previous);
    }
  }
  return lacked;
};

/** All that do not count. */
export const recordsBeside = (control: ClosedControl): readonly ControlRecord[] => {
  const counting = new Set(control.from(0));
  return control.records().filter((record) => !counting.has(record));
};
