/**
 * Reads golden segments the way a peer's are read: parsed, delivered, opened, decoded, merged.
 * Apart from the checks and the script that made the bytes, because both need it. Runs in pages and
 * in Node.
 */
import { hexToBytes } from "../../src/core/base/bytes.ts";
import type { ScopeId } from "../../src/core/base/types.ts";
import { createDigest, stateHash } from "../../src/core/doc/digest.ts";
import { applyOp } from "../../src/core/doc/merge.ts";
import type { DocumentState } from "../../src/core/doc/state.ts";
import type { LocalNetwork } from "../../src/core/network/local.ts";
import type { OpenNetwork } from "../../src/core/network/open.ts";
import { createOpenControl } from "../../src/core/network/openControl.ts";
import type { NoOp, Op } from "../../src/core/op/types.ts";
import { decodeBody, failedBody } from "../../src/core/segment/body.ts";
import { checkDelivery } from "../../src/core/segment/deliver.ts";
import { headerToItems } from "../../src/core/segment/header.ts";
import { openSegment, type OpenedSegment } from "../../src/core/segment/open.ts";
import { parseSegment, type DeliveredSegment } from "../../src/core/segment/segment.ts";
import { createSegmentTree, type SegmentTree } from "../../src/core/segment/tree.ts";
import { headsHashOf } from "../../src/core/sync/heads.ts";
import { createWebCrypto } from "../../src/engine/crypto/webcrypto.ts";
import { describe, type Described } from "./describe.ts";

export interface ReadSegment {
  readonly segment: DeliveredSegment;
  readonly opened: OpenedSegment;
}

export interface GoldenReader {
  /** What the segment says when it has just come. */
  readonly read: (bytes: Uint8Array) => Promise<Described>;
  readonly tree: SegmentTree;
  readonly log: readonly ReadSegment[];
  /**
   * Heads, forks, and the documents of everything that was read, by the names that ops have now.
   */
  readonly state: () => Described;
}

export const createGoldenReader = (
  network: LocalNetwork | OpenNetwork,
  scope: ScopeId,
): GoldenReader => {
  const crypto = createWebCrypto(globalThis.crypto);
  const tree = createSegmentTree();
  const control = network.kind === "open" ? createOpenControl(network) : null;
  const place = { networkHash: network.networkHash, scope };
  const view = { ...place, suite: network.suite, tree, control, crypto };
  const keyring = {
    ...place,
    epochKey: (id: string) =>
      network.kind === "open" && network.epoch.id === id ? network.epoch.key : null,
  };
  const log: ReadSegment[] = [];
  return {
    tree,
    log,
    read: async (bytes) => {
      const parsed = parseSegment(bytes);
      if (!parsed.ok) return parsed.error;
      const verdict = await checkDelivery(parsed.value, view);
      if (verdict.kind !== "delivered") return describe(verdict);
      const { segment } = verdict;
      tree.add(segment);
      const opened = await openSegment(segment, keyring, crypto);
      log.push({ segment, opened });
      const { headerHash, header } = segment;
      const ops = opsOf(segment, opened, tree).map(describeOp);
      return { headerHash, header: describe(headerToItems(header)), ops };
    },
    state: () => {
      const documents = new Map<string, DocumentState>();
      for (const { segment, opened } of log) {
        for (const op of opsOf(segment, opened, tree)) {
          if (op.kind === "no-op") continue;
          documents.set(op.id, applyOp(documents.get(op.id) ?? null, op));
        }
      }
      const digest = createDigest();
      const hashes = [...documents].map(([id, state]) => [id, stateHash(state)] as const);
      for (const [, hash] of hashes) if (hash !== null) digest.add(hash);
      return describe({
        heads: tree.heads(),
        headsHash: hexToBytes(headsHashOf(tree.heads())),
        forks: tree.forks(),
        documents: Object.fromEntries(hashes),
        digest: digest.bytes(),
      });
    },
  };
};

const opsOf = (
  { header, headerHash }: DeliveredSegment,
  opened: OpenedSegment,
  tree: SegmentTree,
): readonly (Op | NoOp)[] => {
  const names = tree.namesFor(headerHash, header.rows);
  switch (opened.kind) {
    case "plain":
      return decodeBody(opened.body, header, names);
    case "fault":
      return failedBody(header, names, opened.reason);
    case "missing-key":
    case "needs-newer":
      return [];
  }
};

/** That an op means nothing is golden; the words that say why are not. */
const describeOp = (op: Op | NoOp): Described =>
  op.kind === "no-op" ? describe({ kind: op.kind, dot: op.dot }) : describe(op);
