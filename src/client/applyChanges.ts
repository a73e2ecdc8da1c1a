/**
 * What an update makes of a document, in the page: plugins and schemas see it before it is written,
 * and a transaction reads what it wrote. The engine decides for itself; both follow
 * core/query/update.ts.
 */
import { assert } from "../core/base/result.ts";
import type { Path, Value } from "../core/base/types.ts";
import { copyValue, isArrayValue, isMapValue, valueKey } from "../core/cbor/value.ts";
import type { Change } from "../core/doc/change.ts";
import { changesFor, type UpdateData } from "../core/query/update.ts";
import type { StoredFields } from "./rows.ts";

/** A new document. Throws InvalidUpdate where the document has no such place. */
export const updated = (document: StoredFields, update: UpdateData): StoredFields => {
  const root: Branch = {};
  for (const [name, value] of Object.entries(document)) root[name] = copyValue(value);
  for (const change of changesFor(update, document)) apply(root, change);
  return { ...root, id: document.id };
};

type Branch = Record<string, Value>;

const apply = (root: Branch, change: Change): void => {
  const { path } = change;
  if ("set" in change) put(root, path, copyValue(change.set));
  else if ("unset" in change) take(root, path);
  else if ("add" in change) put(root, path, withElement(listAt(root, path), change.add));
  else if ("remove" in change) put(root, path, withoutElement(listAt(root, path), change.remove));
  else if ("increment" in change) put(root, path, numberAt(root, path) + change.increment);
  else {
    take(root, path);
    for (const leaf of change.replace) put(root, leaf.path, copyValue(leaf.value));
  }
};

/** A scalar or list in the way gives way to an object. */
const put = (root: Branch, path: Path, value: Value): void => {
  const last = path.at(-1);
  assert(last !== undefined, "a path names something");
  let branch = root;
  for (const name of path.slice(0, -1)) {
    const held = branch[name];
    const inside: Branch = held !== undefined && isMapValue(held) ? { ...held } : {};
    branch[name] = inside;
    branch = inside;
  }
  branch[last] = value;
};

/** With the last field of an object the object goes too. */
const take = (root: Branch, path: Path): void => {
  const [name, ...rest] = path;
  if (name === undefined) return;
  const held = root[name];
  if (rest.length === 0 || held === undefined || !isMapValue(held)) {
    if (rest.length === 0) Reflect.deleteProperty(root, name);
    return;
  }
  const inside: Branch = { ...held };
  take(inside, rest);
  if (Object.keys(inside).length === 0) Reflect.deleteProperty(root, name);
  else root[name] = inside;
};

const valueAt = (root: Branch, path: Path): Value | undefined => {
  let value: Value | undefined = root;
  for (const name of path) {
    value = value !== undefined && isMapValue(value) ? value[name] : undefined;
  }
  return value;
};

const listAt = (root: Branch, path: Path): readonly Value[] => {
  const held = valueAt(root, path);
  return held !== undefined && isArrayValue(held) ? held : [];
};

const numberAt = (root: Branch, path: Path): number => {
  const held = valueAt(root, path);
  return typeof held === "number" ? held : 0;
};

/** A list with added elements reads as a set, in the order of their bytes. */
const withElement = (list: readonly Value[], element: Value): readonly Value[] => {
  const byKey = new Map([...list, element].map((one) => [valueKey(one), one]));
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
};

const withoutElement = (list: readonly Value[], element: Value): readonly Value[] => {
  const key = valueKey(element);
  return list.filter((one) => valueKey(one) !== key);
};
