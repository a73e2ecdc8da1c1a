/**
 * What waited for the sequencer while somebody else was removed, or stood beside the chain when a
 * term began: a key that it brings may be in the hands of those who are out, so no record is made
 * of it. A removal is proposed again for the members of now; a key that was replaced meanwhile need
 * not be, and one that is to be carried on is found again.
 */
import { bytesToHex } from "../../core/base/bytes.ts";
import type { ControlContent } from "../../core/network/closed/content.ts";
import type { ParsedProposal } from "../../core/network/closed/record.ts";
import { isOutdated } from "../../core/network/closed/state.ts";
import type { Engine } from "../engine.ts";
import { decide, dropProposal, removalOf } from "./decide.ts";
import type { ClosedMembership } from "./membership.ts";

/** True: something was proposed. */
export const proposeAnew = async (
  engine: Engine,
  membership: ClosedMembership,
): Promise<boolean> => {
  let hasProposed = false;
  for (const parsed of [...membership.proposals.values()]) {
    if (!isOvertaken(membership, parsed)) continue;
    const named = removedBy(parsed.proposal.content);
    await dropProposal(engine, membership, parsed.name);
    if (named === null || !isKnown(membership, named)) continue;
    await decide(engine, membership, (base) => removalOf(engine, membership, named, base));
    hasProposed = true;
  }
  return hasProposed;
};

/** As the chain judges it, as far as it is known here. */
const isOvertaken = (
  { control }: ClosedMembership,
  { proposal: { content, base } }: ParsedProposal,
): boolean => {
  if (!["epoch", "keys", "remove"].includes(content.kind)) return false;
  const found = control.find(base);
  const knownHeight = found.kind === "known" ? found.position : 0;
  return isOutdated(control.state(), { knownHeight });
};

type Named = { readonly account: string } | { readonly device: string };

/** Whoever was let in beside the chain is not there any more, and is kept out (orphans.ts). */
const isKnown = ({ control }: ClosedMembership, named: Named): boolean => {
  const { accounts, devices } = control.state();
  return "account" in named ? accounts.has(named.account) : devices.has(named.device);
};

const removedBy = (content: ControlContent): Named | null => {
  if (content.kind !== "remove") return null;
  if (content.account !== null) return { account: bytesToHex(content.account) };
  const [device] = content.devices;
  return device === undefined ? null : { device: bytesToHex(device) };
};
