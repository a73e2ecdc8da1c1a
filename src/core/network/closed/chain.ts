/**
 * The control chain of a closed network (FORMATS.md §6): all records that hold, as a tree, and what
 * of it counts. The highest term wins; within a term records are one behind another, and where two
 * stand at one height, the chain is frozen at the record before them until a new term. Segments are
 * judged through the port `ControlChain`, peers and proposals through the state.
 */
import { bytesToHex, equalBytes, hexToBytes } from "../../base/bytes.ts";
import { controlRecordsMax, controlRecordsReserved } from "../../base/limits.ts";
import { assert, fail, ok, type Result } from "../../base/result.ts";
import type { ShortHash } from "../../base/types.ts";
import type { CryptoPort } from "../../crypto/port.ts";
import { labelled } from "../../crypto/hash.ts";
import { checkCertificate, type CheckedCertificate } from "../certificate.ts";
import type { ControlChain, ControlHead } from "../control.ts";
import type { ControlContent } from "./content.ts";
import {
  headOf,
  networkHashOf,
  parseRecord,
  proposalText,
  recordText,
  zeroHash,
  type ControlRecord,
  type RecordFault,
} from "./record.ts";
import { applyRecord, genesisState } from "./apply.ts";
import {
  isRemoved,
  roleOf,
  type ControlState,
  type Evidence,
  type KeyText,
  type RuleFault,
} from "./state.ts";

export type ChainFault =
  | RecordFault
  | RuleFault
  | "genesis"
  | "other-network"
  /** What it follows is not here. */
  | "no-parent"
  /** Height, term or base do not go with what it follows. */
  | "out-of-place"
  | "signature"
  | "not-the-sequencer"
  /** The sequencer's program does not know what it would decide. */
  | "needs-newer"
  /** It holds a key that is false, or that all have already. */
  | "carries-nothing";

/** What a record that was taken did to the chain. */
export interface Appended {
  readonly record: ControlRecord;
  /** False: it was here before. */
  readonly isNew: boolean;
  /** Whether another head, or another branch, counts now. */
  readonly hasMoved: boolean;
}

export interface ClosedControl extends ControlChain {
  readonly networkHash: Uint8Array;
  /** At the head. */
  readonly state: () => ControlState;
  /** At a record that is held, on the chain or beside it. */
  readonly stateAt: (head: ControlHead) => ControlState;
  /** Two records stand at one height: nothing is decided before a new term. */
  readonly isFrozen: () => boolean;
  /** Takes a record in whose parent is here; what it says is checked whole. */
  readonly append: (bytes: Uint8Array) => Promise<Result<Appended, ChainFault>>;
  /** All that are held, parents first: as stored and sent. */
  readonly records: () => readonly ControlRecord[];
  /** Those that count, from that height on. */
  readonly from: (height: number) => readonly ControlRecord[];
  /** How a device stands at the head; "unknown" may yet be admitted. */
  readonly standingOf: (certificate: CheckedCertificate) => "member" | "unknown" | "removed";
  /**
   * Devices that are members at the head and were removed on a branch: of those that contradict
   * each other while the chain is frozen, or, if `withLeft`, of all that a term left beside. Who
   * once was the sequencer can freeze the chain at a head that knows nothing of his removal.
   */
  readonly outBeside: (withLeft: boolean) => ReadonlySet<KeyText>;
  /** Height of the record that removed it; null: it is a member's device, or never was. */
  readonly removedAt: (signingKey: Uint8Array) => number | null;
}

interface Node {
  readonly record: ControlRecord;
  readonly parent: Node | null;
  readonly state: ControlState;
  readonly children: Node[];
}

/** From the genesis, as stored. */
export const openClosedControl = async (
  genesis: Uint8Array,
  crypto: Pick<CryptoPort, "verify">,
): Promise<Result<ClosedControl, ChainFault>> => {
  const parsed = parseRecord(genesis);
  if (!parsed.ok) return parsed;
  const record = parsed.value;
  const { content, networkHash: named } = record.proposal;
  if (content.kind !== "genesis" || content.suite !== 1) return fail("genesis");
  if (!equalBytes(named, zeroHash)) return fail("genesis");
  const certificate = await checkCertificate(content.certificate, zeroHash, crypto);
  if (!certificate.ok) return fail("certificate");
  const state = genesisState(record, {
    ...{ certificate: certificate.value, isInvited: false, knownHeight: 0 },
  });
  if (state === null) return fail("genesis");
  if (!(await areSigned(record, state.sequencer, zeroHash, crypto))) return fail("signature");
  const root: Node = { record, parent: null, state, children: [] };
  return ok(createChain(root, networkHashOf(record.recordBytes), crypto));
};

const createChain = (
  root: Node,
  networkHash: Uint8Array,
  crypto: Pick<CryptoPort, "verify">,
): ClosedControl => {
  const tree = createTree(root);
  const { nodes, last } = tree;
  return {
    networkHash,
    head: () => headOf(last().record),
    state: () => last().state,
    stateAt: (head) => nodeAt(tree, head).state,
    isFrozen: () => tree.isFrozen() || last().state.needsNewer,
    append: (bytes) => append(bytes, { tree, networkHash, crypto }),
    records: () => [...nodes.values()].map(({ record }) => record),
    from: (height) =>
      tree
        .path()
        .slice(height)
        .map(({ record }) => record),
    standingOf: (certificate) => standingOf(last().state, certificate),
    outBeside(withLeft) {
      const { state } = last();
      const tips = tree.isFrozen() || withLeft ? tree.tipsBeside() : [];
      if (tips.length === 0) return nobody;
      const present = [...state.devices].filter(([device]) => roleOf(state, device) !== null);
      const isOut = ([device, { account }]: (typeof present)[number]): boolean =>
        tips.some((tip) => isRemoved(tip.state, device, account));
      return new Set(present.filter(isOut).map(([device]) => device));
    },
    removedAt(signingKey) {
      const device = bytesToHex(signingKey);
      const path = tree.path();
      const stood = path.findLastIndex(({ state }) => roleOf(state, device) !== null);
      return stood < 0 || stood === path.length - 1 ? null : stood + 1;
    },
    ...judging(tree, headOf(root.record).hash),
  };
};

const nobody: ReadonlySet<KeyText> = new Set();

/** All records, and the path through them that counts. */
interface Tree {
  readonly nodes: ReadonlyMap<string, Node>;
  readonly add: (record: ControlRecord, parent: Node, state: ControlState) => Appended;
  /** By height. */
  readonly path: () => readonly Node[];
  readonly isFrozen: () => boolean;
  /** The ends of branches that do not count. */
  readonly tipsBeside: () => readonly Node[];
  readonly last: () => Node;
  readonly at: (head: ControlHead) => Node | null;
  readonly knows: (hash: ShortHash) => boolean;
  /** Itself, or its last ancestor that counts. */
  readonly onMain: (node: Node) => Node;
}

const createTree = (root: Node): Tree => {
  const nodes = new Map<string, Node>([[root.record.hash, root]]);
  const byShort = new Map<ShortHash, Node>([[headOf(root.record).hash, root]]);
  let main = mainOf(nodes);
  const last = (): Node => {
    const node = main.path.at(-1);
    assert(node !== undefined, "the genesis is always there");
    return node;
  };
  return {
    nodes,
    add(record, parent, state) {
      const node: Node = { record, parent, state, children: [] };
      parent.children.push(node);
      nodes.set(record.hash, node);
      byShort.set(headOf(record).hash, node);
      const before = last();
      main = mainOf(nodes);
      return { record, isNew: true, hasMoved: last() !== before };
    },
    path: () => main.path,
    isFrozen: () => main.isFrozen,
    tipsBeside: () => {
      const counting = new Set(main.path);
      return [...nodes.values()].filter(
        (node) => node.children.length === 0 && !counting.has(node),
      );
    },
    last,
    at({ term, height, hash }) {
      const node = byShort.get(hash);
      return node?.record.term === term && node.record.height === height ? node : null;
    },
    knows: (hash) => byShort.has(hash),
    onMain(node) {
      let at = node;
      while (main.path[at.record.height] !== at) {
        assert(at.parent !== null, "the genesis is on every chain");
        at = at.parent;
      }
      return at;
    },
  };
};

/** How segments are judged. */
const judging = (
  tree: Tree,
  genesis: ShortHash,
): Pick<ControlChain, "find" | "epochAt" | "mayWrite" | "frontierOf" | "isVoidRow"> => {
  const { last, at, knows, onMain } = tree;
  const known = (head: ControlHead): Node => nodeAt(tree, head);
  return {
    find(head) {
      const node = at(head);
      if (node !== null) return { kind: "known", position: onMain(node).record.height };
      const isWrong = knows(head.hash) || head.height === 0;
      return { kind: isWrong ? "impossible" : "unknown" };
    },
    // On an orphaned branch the keys of that branch: a term carries them on
    epochAt: (head) => known(head).state.epochs.at(-1)?.id ?? genesis,
    mayWrite(certificate, head) {
      const { state } = onMain(known(head));
      if (!isSameDevice(state, certificate)) return false;
      const role = roleOf(state, bytesToHex(certificate.signingKey));
      return role !== null && role !== "reader";
    },
    frontierOf(scope, writer, signingKey, openedAt) {
      const device = bytesToHex(signingKey);
      const closing = last().state.closures.filter(
        ({ devices, height }) => devices.has(device) && openedAt < height,
      );
      const ends = closing.map(
        ({ frontier }) => frontier.get(scope)?.find((row) => row.writer === writer)?.n ?? 0,
      );
      return ends.length === 0 ? null : Math.min(...ends);
    },
    isVoidRow: (scope, writer, n) =>
      last().state.closures.some(({ frontier }) => {
        const row = frontier.get(scope)?.find((each) => each.writer === writer);
        return row !== undefined && n > row.n;
      }),
  };
};

const nodeAt = ({ at }: Tree, head: ControlHead): Node => {
  const node = at(head);
  assert(node !== null, "only known heads are asked about");
  return node;
};

const standingOf = (
  state: ControlState,
  certificate: CheckedCertificate,
): "member" | "unknown" | "removed" => {
  const device = bytesToHex(certificate.signingKey);
  if (!state.devices.has(device)) return "unknown";
  const isMember = roleOf(state, device) !== null && isSameDevice(state, certificate);
  return isMember ? "member" : "removed";
};

/** Every key that it was admitted with; only the network hash under its signature may differ. */
const isSameDevice = (state: ControlState, certificate: CheckedCertificate): boolean => {
  const admitted = state.devices.get(bytesToHex(certificate.signingKey))?.certificate;
  if (admitted === undefined) return false;
  if (knownSame.get(certificate) === admitted) return true;
  const isSame = (a: Uint8Array | null, b: Uint8Array | null): boolean =>
    a === null || b === null ? a === b : equalBytes(a, b);
  const isAlike =
    isSame(admitted.account, certificate.account) &&
    isSame(admitted.xWingKey, certificate.xWingKey) &&
    isSame(admitted.vaultXWingKey, certificate.vaultXWingKey);
  if (isAlike) knownSame.set(certificate, admitted);
  return isAlike;
};

/** Keys are kilobytes, and every change asks for the standing of everybody. */
const knownSame = new WeakMap<CheckedCertificate, CheckedCertificate>();

interface Main {
  /** By height. */
  readonly path: readonly Node[];
  readonly isFrozen: boolean;
}

const mainOf = (nodes: ReadonlyMap<string, Node>): Main => {
  const all = [...nodes.values()];
  const term = all.reduce((highest, { record }) => Math.max(highest, record.term), 0);
  const isOfTerm = (node: Node): boolean => node.record.term === term;
  const firsts = all.filter(
    (node) => isOfTerm(node) && (node.parent === null || !isOfTerm(node.parent)),
  );
  const [first, ...others] = firsts;
  assert(first !== undefined, "some record has the highest term");
  if (others.length > 0) return { path: sharedPath(firsts.map(pathTo)), isFrozen: true };
  let end = first;
  for (;;) {
    const next = end.children.filter(isOfTerm);
    const [only] = next;
    if (only === undefined || next.length > 1) {
      return { path: pathTo(end), isFrozen: next.length > 1 };
    }
    end = only;
  }
};

const pathTo = (node: Node): readonly Node[] => {
  const path: Node[] = [];
  for (let at: Node | null = node; at !== null; at = at.parent) path.push(at);
  return path.reverse();
};

const sharedPath = (paths: readonly (readonly Node[])[]): readonly Node[] => {
  const [first = [], ...others] = paths;
  const differs = first.findIndex((node, at) => others.some((path) => path[at] !== node));
  return differs < 0 ? first : first.slice(0, differs);
};

// -------------------------------------------------------------------------------- taking one in

interface Taking {
  readonly tree: Tree;
  readonly networkHash: Uint8Array;
  readonly crypto: Pick<CryptoPort, "verify">;
}

const append = async (
  bytes: Uint8Array,
  { tree, networkHash, crypto }: Taking,
): Promise<Result<Appended, ChainFault>> => {
  const { nodes } = tree;
  const parsed = parseRecord(bytes);
  if (!parsed.ok) return parsed;
  const record = parsed.value;
  if (nodes.has(record.hash)) return ok({ record, isNew: false, hasMoved: false });
  if (record.previous === null) return fail("other-network");
  if (!equalBytes(record.proposal.networkHash, networkHash)) return fail("other-network");
  const parent = nodes.get(record.previous);
  if (parent === undefined) return fail("no-parent");
  const { content } = record.proposal;
  const room = controlRecordsMax - (endsMisuse.has(content.kind) ? 0 : controlRecordsReserved);
  if (nodes.size >= room) return fail("too-many");
  if (!isInPlace(record, parent, tree)) return fail("out-of-place");
  const sequencer =
    content.kind === "term" ? bytesToHex(content.sequencer) : parent.state.sequencer;
  if (!(await areSigned(record, sequencer, networkHash, crypto))) return fail("signature");
  const knownHeight = sharedHeight(parent, tree.at(record.proposal.base) ?? parent);
  const evidence = { ...(await evidenceOf(content, networkHash, crypto)), knownHeight };
  const state = applyRecord(parent.state, record, evidence);
  if (!state.ok) return state;
  // Another may have come in while signatures were checked
  if (nodes.has(record.hash)) return ok({ record, isNew: false, hasMoved: false });
  return ok(tree.add(record, parent, state.value));
};

/** What is to be decided even of a chain that somebody filled. */
const endsMisuse: ReadonlySet<ControlContent["kind"]> = new Set<ControlContent["kind"]>([
  ...(["remove", "role", "epoch", "keys", "transfer", "term"] as const),
]);

/** Of the last record on the way to both. */
const sharedHeight = (a: Node, b: Node): number => {
  let [one, other] = [a, b];
  while (one !== other) {
    const higher = one.record.height > other.record.height ? one : other;
    assert(higher.parent !== null, "all come from the genesis");
    if (higher === one) one = higher.parent;
    else other = higher.parent;
  }
  return one.record.height;
};

/** Only a term record raises the term; a proposal rests on a record at or under what it follows. */
const isInPlace = (
  { term, height, proposal }: ControlRecord,
  { record: before }: Node,
  tree: Tree,
): boolean => {
  const isNext = height === before.height + 1;
  const isTerm = proposal.content.kind === "term";
  const isOfTerm = isTerm ? term > before.term : term === before.term;
  return isNext && isOfTerm && proposal.base.height < height && tree.at(proposal.base) !== null;
};

const areSigned = async (
  record: ControlRecord,
  sequencer: KeyText,
  networkHash: Uint8Array,
  crypto: Pick<CryptoPort, "verify">,
): Promise<boolean> => {
  const text = recordText(networkHash, record.recordBytes);
  if (!(await crypto.verify(hexToBytes(sequencer), record.signature, text))) return false;
  const proposal = proposalText(networkHash, record.signed.bytes);
  for (const { signer, signature } of record.signed.signatures) {
    if (!(await crypto.verify(signer, signature, proposal))) return false;
  }
  return true;
};

const evidenceOf = async (
  content: ControlContent,
  networkHash: Uint8Array,
  crypto: Pick<CryptoPort, "verify">,
): Promise<Omit<Evidence, "knownHeight">> => {
  if (content.kind !== "admit" && content.kind !== "device") {
    return { certificate: null, isInvited: false };
  }
  const { certificate, invite } = content;
  const checked = await checkCertificate(certificate, networkHash, crypto);
  const isInvited =
    invite !== null &&
    (await crypto.verify(invite.publicKey, invite.signature, admitText(networkHash, certificate)));
  return { certificate: checked.ok ? checked.value : null, isInvited };
};

/** What an invite's seed signs for the device that wants in. */
export const admitText = (networkHash: Uint8Array, certificate: Uint8Array): Uint8Array =>
  labelled("admit", [networkHash, certificate]);
