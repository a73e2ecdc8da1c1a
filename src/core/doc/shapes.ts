/**
 * Shapes: the sorted lists of paths that ordinary documents have. Documents of a collection mostly
 * have the same few, so each is made once and shared, and finding it costs one step of a trie for
 * each field.
 */
import type { Path } from "../base/types.ts";
import { compareKeys, pathKey } from "../op/path.ts";

export interface Shape {
  /** Sorted by key, no two equal. */
  readonly paths: readonly Path[];
  readonly indexByKey: ReadonlyMap<string, number>;
  /** Whether a path lies below another: reading must then see which of the two hides the other. */
  readonly clashes: boolean;
  /** Every path is one name. */
  readonly isFlat: boolean;
  /** Nothing clashes, and no path is the database's own: all of it shows as it stands. */
  readonly showsAll: boolean;
}

/**
 * Where paths in some order stand in their shape: the i-th at `order[i]`; null order means as
 * given.
 */
export interface Placement {
  readonly shape: Shape;
  readonly order: readonly number[] | null;
}

/** Null where a path occurs twice. */
export const placePaths = (holders: readonly { readonly path: Path }[]): Placement | null => {
  let node = root;
  for (const holder of holders) node = step(node, pathKey(holder.path));
  if (node.placement === undefined) node.placement = place(holders.map((holder) => holder.path));
  return node.placement;
};

interface TrieNode {
  readonly next: Map<string, TrieNode>;
  /** Undefined where no list of paths has ended yet. */
  placement: Placement | null | undefined;
}

/** About 10 MB. Beyond it the trie starts over; shapes in use live on with their documents. */
const trieNodesMax = 65_536;

const createNode = (): TrieNode => ({ next: new Map(), placement: undefined });

let root = createNode();
let trieNodes = 1;

const step = (node: TrieNode, key: string): TrieNode => {
  const known = node.next.get(key);
  if (known !== undefined) return known;
  if (++trieNodes > trieNodesMax) {
    root = createNode();
    trieNodes = 1;
  }
  const made = createNode();
  node.next.set(key, made);
  return made;
};

const place = (paths: readonly Path[]): Placement | null => {
  const keys = paths.map(pathKey);
  if (new Set(keys).size < keys.length) return null;
  const sorted = [...keys].sort(compareKeys);
  if (sorted.every((key, index) => key === keys[index])) {
    return { shape: createShape(paths, keys), order: null };
  }
  const pathByKey = new Map(keys.map((key, index) => [key, paths[index] ?? []]));
  const canonical = placePaths(sorted.map((key) => ({ path: pathByKey.get(key) ?? [] })));
  if (canonical === null) return null;
  const { shape } = canonical;
  return { shape, order: keys.map((key) => shape.indexByKey.get(key) ?? 0) };
};

const createShape = (paths: readonly Path[], keys: readonly string[]): Shape => {
  const indexByKey = new Map(keys.map((key, index) => [key, index]));
  const clashes = paths.some((path) =>
    path.some((_, length) => length > 0 && indexByKey.has(pathKey(path.slice(0, length)))),
  );
  const isFlat = paths.every((path) => path.length === 1);
  const showsAll = !clashes && paths.every(([name = ""]) => name !== "id" && !name.startsWith("_"));
  return { paths, indexByKey, clashes, isFlat, showsAll };
};
