/**
 * What was delivered here and counts no more: its log was closed before it, or a term left the head
 * that it names beside the chain.
 */
import { equalBytes } from "../../core/base/bytes.ts";
import { isVoid } from "../../core/segment/deliver.ts";
import type { SegmentKey } from "../../storage/store.ts";
import type { Home } from "../home.ts";
import type { ClosedMembership } from "./membership.ts";

/** Of this device's signing, or of all others'. */
export const voidedIn = (
  { tree, scope }: Home,
  { control, device }: ClosedMembership,
  whose: "own" | "others",
): readonly SegmentKey[] => {
  const { closures, termHeight } = control.state();
  if (closures.length === 0 && termHeight === 0) return [];
  return tree.records(0).flatMap(({ hash: header, writer, first }) => {
    const node = tree.get(header);
    if (node === null) return [];
    const isOwn = equalBytes(node.origin.signingKey, device.publicKey);
    if (isOwn !== (whose === "own")) return [];
    const begun = tree.beginOf(node).controlHead;
    // A crash came before the record was stored: it is judged when that is here again
    const heads = [begun, node.controlHead].filter((head) => head !== null);
    if (heads.some((head) => control.find(head).kind !== "known")) return [];
    return isVoid(node, begun, scope, control) ? [{ scope, writer, first, header }] : [];
  });
};
