/**
 * A caller's document taken apart to leaves (FORMATS.md §2) and put together again. Every rule on
 * whole documents is checked here, so that what comes out can be written without looking again.
 */
import { invalid } from "../base/errors.ts";
import { depthMax, documentIdBytesMax, opBytesMax, writeEntriesPerOpMax } from "../base/limits.ts";
import type { Path, Value } from "../base/types.ts";
import { isWellFormed, utf8Length } from "../base/utf8.ts";
import { checkValue, describe, isPlainObject, pathBelow } from "./check.ts";
import { checkName, isMetadataName } from "./names.ts";
import { copyValue, encodedLength, isMapValue } from "./value.ts";

export type EntryType = "MEMORY" | "AUTH";

/** One register's plain value: an object is apart in its fields, except an empty one. */
export interface Leaf {
  readonly path: Path;
  readonly value: Value;
}

export interface CheckedDocument {
  /** Absent: the database makes one. */
  readonly id: string | undefined;
  readonly entryType: EntryType;
  /** In the order of the caller's fields; neither `id` nor `_entryType` is among them. */
  readonly leaves: readonly Leaf[];
}

/**
 * Checks and copies a caller's document. Metadata fields (`_vector` and its like) are left out, so
 * that what was read can be written back. `atomicPaths` names, dotted, the objects that stay whole.
 *
 * Throws InvalidDocument, InvalidEntryType, or TooLarge (over 256 leaves, or 1 MiB of encoded
 * values), `path` naming the place; the path of the whole document is the empty text.
 */
export const checkDocument = (
  input: unknown,
  options: { readonly atomicPaths?: ReadonlySet<string> } = {},
): CheckedDocument => {
  if (!isPlainObject(input)) {
    throw invalid("InvalidDocument", `a document is a plain object, not ${describe(input)}`, "");
  }
  const walk: Walk = {
    leaves: [],
    bytes: 0,
    atomicPaths: options.atomicPaths ?? noPaths,
    around: [],
  };
  const id = input["id"] === undefined ? undefined : checkId(input["id"], "id");
  const entryType = checkEntryType(input["_entryType"]);
  takeApart(input, [], "", walk);
  return { id, entryType, leaves: walk.leaves };
};

/** Text of 1 to 256 bytes; else InvalidDocument. */
export const checkId = (id: unknown, path: string): string => {
  const refuse = (what: string): never => {
    throw invalid("InvalidDocument", `${path}: ${what}`, path);
  };
  if (typeof id === "number") return refuse("an id is text, not a number; use String(id)");
  if (typeof id !== "string") return refuse(`an id is text, not ${describe(id)}`);
  if (id === "") return refuse("an empty id; leave it out to have one made");
  if (!isWellFormed(id)) return refuse("an id with a lone surrogate");
  if (utf8Length(id) > documentIdBytesMax) {
    return refuse(`an id of more than ${String(documentIdBytesMax)} bytes`);
  }
  return id;
};

/** Fields of the root that are no leaves: the id, the kind, and what is computed. */
export const isKeptApart = (name: string): boolean =>
  name === "id" || name === "_entryType" || isMetadataName(name);

/**
 * The nested object of leaves that do not clash, put into `root`. An empty-object leaf has no say
 * where others stand below its path; of any other two in one place the later one stays. Nothing in
 * the result is shared with the leaves.
 */
export const buildDocument = (
  leaves: Iterable<Leaf>,
  root: Record<string, Value> = {},
): Record<string, Value> => {
  const building: Building = { wholes: null };
  for (const { path, value } of leaves) {
    let branch = root;
    for (let at = 0; at < path.length - 1; at++)
      branch = branchAt(branch, path[at] ?? "", building);
    const last = path[path.length - 1];
    if (last === undefined) continue;
    if (isEmptyObject(value)) branchAt(branch, last, building);
    else putLeaf(branch, last, value, building);
  }
  return root;
};

type Branch = Record<string, Value>;

interface Building {
  /** Leaves that are objects: nothing is written into them. Rare, so null while there are none. */
  wholes: Set<Value> | null;
}

interface Walk {
  readonly leaves: Leaf[];
  bytes: number;
  readonly atomicPaths: ReadonlySet<string>;
  /** Objects that the walk is inside of, to find one that contains itself. */
  readonly around: object[];
}

const noPaths: ReadonlySet<string> = new Set();

const checkEntryType = (input: unknown): EntryType => {
  if (input === undefined || input === "MEMORY") return "MEMORY";
  if (input === "AUTH") return "AUTH";
  const shown = typeof input === "string" ? `"${input.slice(0, 64)}"` : describe(input);
  const message = `_entryType: MEMORY or AUTH, not ${shown}`;
  throw invalid("InvalidEntryType", message, "_entryType");
};

const takeApart = (
  input: { readonly [name: string]: unknown },
  names: Path,
  parent: string,
  walk: Walk,
): void => {
  walk.around.push(input);
  for (const name of Object.keys(input)) {
    if (names.length === 0 && isKeptApart(name)) continue;
    const field = input[name];
    if (field === undefined) continue;
    const path = pathBelow(parent, name);
    checkName(name, path);
    if (names.length >= depthMax) throw tooDeep(path);
    takeField(field, [...names, name], path, walk);
  }
  walk.around.pop();
};

const takeField = (field: unknown, names: Path, path: string, walk: Walk): void => {
  const isWhole = !isPlainObject(field) || walk.atomicPaths.has(names.join("."));
  if (isWhole) {
    addLeaf(walk, names, path, checkValue(field, path, depthMax - names.length));
    return;
  }
  if (walk.around.includes(field)) {
    throw invalid("InvalidDocument", `${path}: an object that contains itself`, path);
  }
  const before = walk.leaves.length;
  takeApart(field, names, path, walk);
  if (walk.leaves.length > before) return;
  if (names.length >= depthMax) throw tooDeep(path);
  addLeaf(walk, names, path, {});
};

const addLeaf = (walk: Walk, path: Path, dotted: string, value: Value): void => {
  if (walk.leaves.length >= writeEntriesPerOpMax) {
    const most = String(writeEntriesPerOpMax);
    throw invalid("TooLarge", `${dotted}: more than ${most} fields in one document`, dotted);
  }
  walk.bytes += encodedLength(value);
  if (walk.bytes > opBytesMax) {
    const sizes = `${String(walk.bytes)} bytes or more; at most ${String(opBytesMax)} bytes`;
    throw invalid("TooLarge", `${dotted}: the document takes ${sizes}`, dotted);
  }
  walk.leaves.push({ path, value });
};

const tooDeep = (path: string): Error =>
  invalid("InvalidDocument", `${path}: nested deeper than ${String(depthMax)}`, path);

/** The object at a name, made where there is none; a value in its way goes. */
const branchAt = (branch: Branch, name: string, building: Building): Branch => {
  const held = branch[name];
  // Only objects made here may be written to: a leaf can be an object too.
  if (isBranch(held, building)) return held;
  const made: Branch = {};
  branch[name] = made;
  return made;
};

const isBranch = (held: Value | undefined, { wholes }: Building): held is Branch =>
  held !== undefined && isMapValue(held) && wholes?.has(held) !== true;

const putLeaf = (branch: Branch, name: string, value: Value, building: Building): void => {
  const copy = copyValue(value);
  branch[name] = copy;
  if (isMapValue(copy)) (building.wholes ??= new Set()).add(copy);
};

const isEmptyObject = (value: Value): boolean =>
  isMapValue(value) && Object.keys(value).length === 0;
