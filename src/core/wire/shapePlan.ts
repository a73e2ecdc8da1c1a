/**
 * How documents of one shape are put together: the nesting of its fields, worked out once, so that
 * a document is built in the order in which its values stand and no path is looked at again.
 */
import type { Path, Value } from "../base/types.ts";
import type { CborReader } from "../cbor/reader.ts";
import { nestingMax, readValue } from "../cbor/value.ts";

export interface ShapePlan {
  readonly names: readonly string[];
  /** Of each name: the fields of the object there; null for a leaf. */
  readonly inner: readonly (ShapePlan | null)[];
}

/**
 * Null where the order of values is not the order of fields (an object's leaves stand apart), where
 * leaves clash, or where one would stand in the place of the id: such documents are built leaf by
 * leaf.
 */
export const createShapePlan = (paths: readonly Path[]): ShapePlan | null => {
  const root: Draft = { names: ["id"], inner: [null] };
  let open: readonly Draft[] = [root];
  for (const path of paths) {
    const last = path[path.length - 1];
    if (last === undefined) return null;
    let depth = 0;
    while (depth < path.length - 1 && isOpenAt(open, depth, path[depth] ?? "")) depth++;
    const reached = open.slice(0, depth + 1);
    for (const name of path.slice(depth, -1)) {
      const made: Draft = { names: [], inner: [] };
      if (!add(reached[reached.length - 1], name, made)) return null;
      reached.push(made);
    }
    if (!add(reached[reached.length - 1], last, null)) return null;
    open = reached;
  }
  return { names: root.names.slice(1), inner: root.inner.slice(1) };
};

/** Puts what the reader comes to into `target`. */
export const readByPlan = (
  reader: CborReader,
  { names, inner }: ShapePlan,
  target: Record<string, Value>,
): void => {
  for (let at = 0; at < names.length; at++) {
    const name = names[at] ?? "";
    const below = inner[at] ?? null;
    if (below === null) {
      target[name] = readValue(reader, nestingMax);
    } else {
      const made: Record<string, Value> = {};
      readByPlan(reader, below, made);
      target[name] = made;
    }
  }
};

interface Draft {
  readonly names: string[];
  readonly inner: (Draft | null)[];
}

/** Whether the object that was worked on last at this depth is the one of that name. */
const isOpenAt = (open: readonly Draft[], depth: number, name: string): boolean =>
  open[depth + 1] !== undefined && open[depth]?.names.at(-1) === name;

const add = (draft: Draft | undefined, name: string, inner: Draft | null): boolean => {
  if (draft === undefined || draft.names.includes(name)) return false;
  draft.names.push(name);
  draft.inner.push(inner);
  return true;
};
