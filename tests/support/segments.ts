/**
 * A scope to test segments in: an open network (or one of suite 0), a tree of what is delivered,
 * and devices that cut, seal and deliver real segments. Everything follows from the seed.
 */
import type { Dot, Time, WriterId } from "../../src/core/base/types.ts";
import type { CryptoPort } from "../../src/core/crypto/port.ts";
import { makeCertificate } from "../../src/core/network/certificate.ts";
import { localNetwork } from "../../src/core/network/local.ts";
import { scopeOf, writerOf } from "../../src/core/network/keys.ts";
import { openNetwork, publicKeyOf } from "./openNetwork.ts";
import { createOpenControl } from "../../src/core/network/openControl.ts";
import { OpenRun } from "../../src/core/segment/cut.ts";
import {
  checkDelivery,
  type DeliveryVerdict,
  type DeliveryView,
} from "../../src/core/segment/deliver.ts";
import type { Opening } from "../../src/core/segment/header.ts";
import type { Keyring } from "../../src/core/segment/open.ts";
import {
  sealSegment,
  type SealedSegment,
  type SealingKeys,
  type SegmentDraft,
} from "../../src/core/segment/seal.ts";
import { parseSegment, type DeliveredSegment } from "../../src/core/segment/segment.ts";
import { createSegmentTree, type Head, type SegmentTree } from "../../src/core/segment/tree.ts";
import type { Value } from "../../src/core/base/types.ts";
import type { WriteOp } from "../../src/core/op/types.ts";
import { createNodeCrypto } from "./nodeCrypto.ts";
import { createRandom, type Random } from "./random.ts";

export interface TestScope {
  readonly random: Random;
  readonly crypto: CryptoPort;
  readonly keys: SealingKeys;
  readonly keyring: Keyring;
  /** A replica's tree, and how it judges. */
  readonly replica: () => TestReplica;
  readonly device: () => Promise<TestDevice>;
  /** A device of this signing seed; its certificate is of the network's account unless given. */
  readonly deviceOf: (signingSeed: Uint8Array, certificate?: Uint8Array) => Promise<TestDevice>;
}

export interface TestReplica {
  readonly tree: SegmentTree;
  readonly view: DeliveryView;
  readonly check: (bytes: Uint8Array) => Promise<DeliveryVerdict>;
  /** Checks and adds; throws unless it is delivered. */
  readonly deliver: (bytes: Uint8Array) => Promise<DeliveredSegment>;
}

export interface TestDevice {
  readonly writer: WriterId;
  readonly opening: Opening;
  /** Seals what is drafted, by this device's key. */
  readonly seal: (draft: SegmentDraft) => Promise<SealedSegment>;
  /**
   * A segment of `count` writes after `after` (none: the first), which replace what `named` says.
   */
  readonly write: (request: {
    readonly after?: SealedSegment | null;
    readonly count?: number;
    readonly named?: readonly Dot[];
    /** Where named dots stand. */
    readonly tree?: SegmentTree;
    readonly value?: Value;
  }) => Promise<SealedSegment>;
}

export const networkOfTests = openNetwork("tests", "a shared secret of more than 32 bytes");

export const createTestScope = (seed: number, suite: 0 | 1 = 1): TestScope => {
  const random = createRandom(seed);
  const crypto = createNodeCrypto(random);
  const local = localNetwork(random.bytes(32), random.bytes(16));
  const network = suite === 1 ? networkOfTests : local;
  const scope = scopeOf(network, "notes", "documents");
  const place = { networkHash: network.networkHash, scope };
  const { epoch } = networkOfTests;
  const base = (signingSeed: Uint8Array): SealingKeys =>
    suite === 1
      ? { ...place, mayCompress: true, suite, epoch, signingSeed }
      : { ...place, mayCompress: true, suite };
  const keyring = {
    ...place,
    epochKey: (id: string) => (id === epoch.id ? epoch.key : null),
  };
  const deviceOf: TestScope["deviceOf"] = (signingSeed, certificate) =>
    createDevice(
      { ...place, suite, random, crypto, keys: base(signingSeed) },
      signingSeed,
      certificate,
    );
  return {
    random,
    crypto,
    keys: base(random.bytes(32)),
    keyring,
    replica: () => createReplica({ ...place, suite, crypto }),
    device: () => deviceOf(random.bytes(32)),
    deviceOf,
  };
};

const createReplica = (place: Omit<DeliveryView, "tree" | "control">): TestReplica => {
  const tree = createSegmentTree();
  const control = place.suite === 1 ? createOpenControl(networkOfTests) : null;
  const view = { ...place, tree, control };
  const check = async (bytes: Uint8Array): Promise<DeliveryVerdict> => {
    const parsed = parseSegment(bytes);
    if (!parsed.ok) throw new Error(`not a segment: ${parsed.error}`);
    return checkDelivery(parsed.value, view);
  };
  return {
    tree,
    view,
    check,
    deliver: async (bytes) => {
      const verdict = await check(bytes);
      if (verdict.kind !== "delivered") throw new Error(JSON.stringify(verdict));
      tree.add(verdict.segment);
      return verdict.segment;
    },
  };
};

const createDevice = async (
  deps: Omit<DeliveryView, "tree" | "control" | "crypto"> & {
    readonly random: Random;
    readonly crypto: CryptoPort;
    readonly keys: SealingKeys;
  },
  signingSeed: Uint8Array,
  given?: Uint8Array,
): Promise<TestDevice> => {
  const { networkHash, scope, suite, random, crypto, keys } = deps;
  const signingKey = publicKeyOf(signingSeed);
  const incarnation = random.bytes(16);
  const certificate = suite === 0 ? null : (given ?? (await certificateFor(signingKey, crypto)));
  const opening = { signingKey, incarnation, certificate, extensions: [] };
  const writer = writerOf(networkHash, scope, signingKey, incarnation);
  const seal = (draft: SegmentDraft): Promise<SealedSegment> => sealSegment(draft, keys, crypto);
  return {
    writer,
    opening,
    seal,
    write: ({ after = null, count = 1, named = [], tree, value = "v" }) => {
      const first = after === null ? 1 : after.header.first + after.header.count;
      const locate = (dot: Dot) => tree?.locate(dot) ?? null;
      const run = new OpenRun({ writer, first, baseTime: timeAt(first), locate });
      const ops = Array.from({ length: count }, (_, index) =>
        setOp({ writer, n: first + index }, { value, replaces: index === 0 ? named : [] }),
      );
      const outcome = run.append(ops);
      if (outcome.kind !== "appended") throw new Error(outcome.kind);
      return seal(
        run.toDraft({
          previous: after?.headerHash ?? null,
          opening: after === null ? opening : null,
          controlHead: suite === 0 ? null : networkOfTests.controlHead,
        }),
      );
    },
  };
};

export const certificateFor = (
  signingKey: Uint8Array,
  crypto: CryptoPort,
  account = networkOfTests.account,
): Promise<Uint8Array> => {
  const none = { xWingKey: null, vaultXWingKey: null, extensions: [] };
  return makeCertificate(
    { account: account.publicKey, signingKey, ...none },
    networkOfTests.networkHash,
    account.seed,
    crypto,
  );
};

export const timeAt = (n: number): Time => ({ ms: 1_750_000_000_000 + n, counter: 0 });

/** Sets the field `title` of one document. */
export const setOp = (
  dot: Dot,
  {
    value = "v",
    replaces = [],
    id = "doc",
    time = timeAt(dot.n),
  }: {
    readonly value?: Value;
    readonly replaces?: readonly Dot[];
    readonly id?: string;
    readonly time?: Time;
  } = {},
): WriteOp => ({
  kind: "write",
  dot,
  time,
  id,
  birth: true,
  births: [dot],
  entries: [{ kind: "set", path: ["title"], value, replaces, seen: [], origin: null }],
});

export const headsText = (heads: readonly Head[]): readonly string[] =>
  heads.map(({ writer, n, hash }) => `${writer}:${String(n)}:${hash}`);
