/**
 * Values taken apart to leaves (FORMATS.md §2), and the changes that turn one set of leaves into
 * another. The input was checked before: callers' documents come through core/cbor/document.ts.
 */
import type { DocumentFields, Path, Value } from "../base/types.ts";
import type { Leaf } from "../cbor/document.ts";
import { equalValues, isMapValue } from "../cbor/value.ts";
import type { Change } from "../doc/change.ts";

/** Objects are taken apart; anything else, an empty object too, is one leaf. */
export const leavesBelow = (path: Path, value: Value): readonly Leaf[] => {
  if (!isMapValue(value)) return [{ path, value }];
  const entries = Object.entries(value);
  if (entries.length === 0) return [{ path, value }];
  return entries.flatMap(([name, inner]) => leavesBelow([...path, name], inner));
};

/**
 * What makes a document as it reads now (null: one without fields) hold exactly these leaves: only
 * what differs, so that nobody else's concurrent edit of another field is overwritten. Fields that
 * a caller cannot name, those of the database, stay as they are.
 */
export const diffDocuments = (
  before: DocumentFields | null,
  after: readonly Leaf[],
): readonly Change[] => {
  const held = new Map(callersLeaves(before).map((leaf) => [leaf.path.join("."), leaf]));
  const kept = new Set(after.map(({ path }) => path.join(".")));
  const written = after.filter(({ path, value }) => {
    const leaf = held.get(path.join("."));
    return leaf === undefined || !equalValues(leaf.value, value);
  });
  const replaced = relatedTo(written);
  const unset = [...held.values()].filter(
    ({ path }) => !kept.has(path.join(".")) && !replaced(path),
  );
  return [
    ...written.map(({ path, value }): Change => ({ path, set: value })),
    ...unset.map(({ path }): Change => ({ path, unset: true })),
  ];
};

const callersLeaves = (document: DocumentFields | null): readonly Leaf[] =>
  Object.entries(document ?? {})
    .filter(([name]) => name !== "id" && !name.startsWith("_"))
    .flatMap(([name, value]) => leavesBelow([name], value));

/** Whether a path lies above or below one that is written: the write takes it away already. */
const relatedTo = (written: readonly Leaf[]): ((path: Path) => boolean) => {
  const paths = new Set(written.map(({ path }) => path.join(".")));
  const above = new Set(written.flatMap(({ path }) => properPrefixes(path)));
  return (path) =>
    above.has(path.join(".")) || properPrefixes(path).some((each) => paths.has(each));
};

const properPrefixes = (path: Path): readonly string[] =>
  path.slice(1).map((_, at) => path.slice(0, at + 1).join("."));
