/**
 * The control chain of an open network: one head, one epoch, every certified device may write,
 * nothing is ever closed.
 */
import { equalBytes } from "../base/bytes.ts";
import { isSameHead, type ControlChain } from "./control.ts";
import type { OpenNetwork } from "./open.ts";

export const createOpenControl = (network: OpenNetwork): ControlChain => ({
  head: () => network.controlHead,
  find: (head) =>
    isSameHead(head, network.controlHead) ? { kind: "known", position: 0 } : { kind: "impossible" },
  epochAt: () => network.epoch.id,
  // X-Wing keys have no use here: a certificate that has some was made for another kind of network.
  mayWrite: ({ account, xWingKey, vaultXWingKey }) =>
    equalBytes(account, network.account.publicKey) && xWingKey === null && vaultXWingKey === null,
  frontierOf: () => null,
  isVoidRow: () => false,
});
