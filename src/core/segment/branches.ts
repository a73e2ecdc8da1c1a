/**
 * One writer's headers as a tree, and the names that its ops have (FORMATS.md §3, Forks). Kept as
 * branches, that is, runs of headers without a split between them: an honest writer is one branch,
 * a list in order of n.
 *
 * A header whose predecessor already has a successor splits the tree there. Every header that
 * directly follows a split begins a branch, named H16("branch", writer, its hash); where no split
 * stands before it, a branch has the writer's own name. So names depend on the set of headers
 * alone, not on the order in which they came.
 */
import { hexToBytes } from "../base/bytes.ts";
import { writerIdOf } from "../base/ids.ts";
import { assert } from "../base/result.ts";
import type { HeaderHash, WriterId } from "../base/types.ts";
import { shortHash } from "../crypto/hash.ts";
import type { CheckedCertificate } from "../network/certificate.ts";
import type { ControlHead } from "../network/control.ts";

/** What a writer's first header says about it, kept for the checks of those that follow. */
export interface WriterOrigin {
  readonly signingKey: Uint8Array;
  /** Null in suite 0. */
  readonly certificate: CheckedCertificate | null;
}

/** A delivered header, as much of it as later checks and names need. */
export interface HeaderEntry {
  readonly hash: HeaderHash;
  readonly writer: WriterId;
  readonly first: number;
  readonly count: number;
  /** Of the whole segment, as it is stored and sent. */
  readonly bytes: number;
  /** Of the first op, milliseconds since 1970. */
  readonly ms: number;
  readonly controlHead: ControlHead | null;
  readonly origin: WriterOrigin;
}

export interface HeaderNode extends HeaderEntry {
  /** Where it stands; a later split moves it. */
  branch: Branch;
}

export interface Branch {
  name: WriterId;
  /** The branch that ends at the split where this one begins. */
  parent: Branch | null;
  /** In order of n, without gaps. Never empty. */
  nodes: HeaderNode[];
  /** None, or at least two. */
  children: Branch[];
}

/** A fork that a new header showed. */
export interface Split {
  readonly writer: WriterId;
  /** Two headers that overlap and differ: together with their signatures the proof. */
  readonly proof: readonly [HeaderHash, HeaderHash];
  /**
   * Headers whose ops have another name from now on: the documents that they touched are to be
   * rebuilt.
   */
  readonly renamed: readonly HeaderHash[];
}

export interface Added {
  readonly node: HeaderNode;
  /** The fork that the header showed, if any. */
  readonly split: Split | null;
}

export interface WriterBranches {
  /** Adds a header that follows `previous` (null: the first). */
  readonly add: (entry: HeaderEntry, previous: HeaderNode | null) => Added;
  /** All of them, each after the one that it grew from. */
  readonly branches: () => readonly Branch[];
  /** Whether a header after `previous` would begin a branch, that is, show a fork. */
  readonly wouldSplit: (previous: HeaderNode | null) => boolean;
  /** Headers that are neither under nor among `known`, each after its predecessor. */
  readonly beyond: (known: readonly HeaderNode[]) => readonly HeaderNode[];
}

export const createWriterBranches = (writer: WriterId): WriterBranches => {
  const roots: Branch[] = [];

  const addRoot = (entry: HeaderEntry): Added => {
    const [other] = roots;
    if (other === undefined) {
      const root = branchNamed(writer, entry, null);
      roots.push(root);
      return { node: firstOf(root), split: null };
    }
    const renamed = roots.length === 1 ? other.nodes : [];
    other.name = nameAfterSplit(firstOf(other));
    return grow(roots, other, entry, null, renamed);
  };

  return {
    add(entry, previous) {
      if (previous === null) return addRoot(entry);
      const { branch } = previous;
      if (branch.nodes.at(-1) !== previous) {
        const rest = divide(branch, previous);
        return grow(branch.children, rest, entry, branch, rest.nodes);
      }
      const [child] = branch.children;
      if (child !== undefined) return grow(branch.children, child, entry, branch, []);
      return { node: append(branch, entry), split: null };
    },
    branches: () => roots.flatMap(withDescendants),
    wouldSplit: (previous) =>
      previous === null
        ? roots.length > 0
        : previous.branch.nodes.at(-1) !== previous || previous.branch.children.length > 0,
    beyond(known) {
      const reached = reachOf(known);
      return roots
        .flatMap(withDescendants)
        .flatMap((branch) =>
          branch.nodes.slice(indexOf(branch.nodes, reached.get(branch) ?? 0) + 1),
        );
    },
  };
};

/**
 * The name of n's op on the way from the header down to the first: n lies at or before the header's
 * ops.
 */
export const nameAt = (node: HeaderNode, n: number): WriterId => {
  assert(n >= 1 && n < node.first + node.count, "n lies at or before the header");
  let branch = node.branch;
  while (n < firstOf(branch).first) {
    assert(branch.parent !== null, "a writer's first header begins with n = 1");
    branch = branch.parent;
  }
  return branch.name;
};

/** The header of this very branch that holds n, or null. */
export const headerIn = (branch: Branch, n: number): HeaderNode | null => {
  const found = branch.nodes[indexOf(branch.nodes, n)];
  return found !== undefined && n >= found.first && n < found.first + found.count ? found : null;
};

/** Index of the last node that begins at or before n (-1: none), by bisection. */
const indexOf = (nodes: readonly HeaderNode[], n: number): number => {
  let low = 0;
  let high = nodes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const node = nodes[middle];
    if (node !== undefined && node.first <= n) low = middle + 1;
    else high = middle;
  }
  return low - 1;
};

/** The header with which the writer began. */
export const writerBegin = ({ branch }: HeaderNode): HeaderNode => {
  let root = branch;
  while (root.parent !== null) root = root.parent;
  return firstOf(root);
};

/** The header that this one follows, if any. */
export const previousOf = (node: HeaderNode): HeaderNode | null => {
  const { branch } = node;
  return branch.nodes[indexOf(branch.nodes, node.first) - 1] ?? branch.parent?.nodes.at(-1) ?? null;
};

const firstOf = (branch: Branch): HeaderNode => {
  const [first] = branch.nodes;
  assert(first !== undefined, "a branch has a header");
  return first;
};

const append = (branch: Branch, entry: HeaderEntry): HeaderNode => {
  const node = { ...entry, branch };
  branch.nodes.push(node);
  return node;
};

const branchNamed = (name: WriterId, entry: HeaderEntry, parent: Branch | null): Branch => {
  const branch: Branch = { name, parent, nodes: [], children: [] };
  append(branch, entry);
  return branch;
};

const nameAfterSplit = ({ writer, hash }: HeaderEntry): WriterId =>
  writerIdOf(shortHash("branch", hexToBytes(writer), hexToBytes(hash)));

/** Adds a branch beside another one. */
const grow = (
  siblings: Branch[],
  sibling: Branch,
  entry: HeaderEntry,
  parent: Branch | null,
  renamed: readonly HeaderNode[],
): Added => {
  const branch = branchNamed(nameAfterSplit(entry), entry, parent);
  siblings.push(branch);
  const split: Split = {
    writer: entry.writer,
    proof: [firstOf(sibling).hash, entry.hash],
    renamed: renamed.map(({ hash }) => hash),
  };
  return { node: firstOf(branch), split };
};

/**
 * Cuts a branch after a header; what followed becomes its one child, and takes the children along.
 */
const divide = (branch: Branch, last: HeaderNode): Branch => {
  const at = branch.nodes.indexOf(last) + 1;
  const { children } = branch;
  const [next, ...others] = branch.nodes.splice(at);
  assert(next !== undefined, "there is something after the split");
  const rest: Branch = {
    name: nameAfterSplit(next),
    parent: branch,
    nodes: [next, ...others],
    children,
  };
  for (const node of rest.nodes) node.branch = rest;
  for (const child of children) child.parent = rest;
  branch.children = [rest];
  return rest;
};

const withDescendants = (branch: Branch): readonly Branch[] => [
  branch,
  ...branch.children.flatMap(withDescendants),
];

/** For each branch, the n up to which it is under the known headers. */
const reachOf = (known: readonly HeaderNode[]): ReadonlyMap<Branch, number> => {
  const reached = new Map<Branch, number>();
  for (const node of known) {
    let last = node.first + node.count - 1;
    for (let branch: Branch | null = node.branch; branch !== null; branch = branch.parent) {
      reached.set(branch, Math.max(last, reached.get(branch) ?? 0));
      last = firstOf(branch).first - 1;
    }
  }
  return reached;
};
