/**
 * The entries of one op while it is made: at most one for each register, whatever the changes ask
 * for. A change sees what earlier changes of the same op wrote, and names what the document holds.
 */
import type { Dot, Path, Stamp, Value } from "../base/types.ts";
import { isArrayValue, valueKey } from "../cbor/value.ts";
import { equalDots, sortDots } from "../op/dots.ts";
import { isRelated, pathKey } from "../op/path.ts";
import type { Entry, SeenRun } from "../op/types.ts";
import { showsNothing } from "./change.ts";
import { emptyRegisters, findRegisters } from "./pack.ts";
import { finite } from "./resolve.ts";
import type { HeldElement, HeldEntry, HeldTotal, PathRegisters } from "./state.ts";

export interface Draft {
  readonly set: (path: Path, value: Value, origin: Stamp | null) => void;
  readonly unset: (path: Path) => void;
  readonly add: (path: Path, element: Value) => void;
  readonly remove: (path: Path, element: Value) => void;
  readonly increment: (path: Path, amount: number) => void;
  /**
   * Takes away everything at, above and below a path: what earlier changes wrote there, and what
   * the document holds but for the paths with these keys.
   */
  readonly clear: (path: Path, kept: ReadonlySet<string>) => void;
  /** Whether an earlier change wrote at, above or below a path. */
  readonly touches: (path: Path) => boolean;
  readonly entries: () => readonly Entry[];
}

/** `held` is what the writer sees, sorted by key; `dot` the name of the op to come. */
export const createDraft = (held: readonly PathRegisters[], dot: Dot): Draft => {
  const drafts = new Map<string, PathDraft>();

  const heldAt = (path: Path): PathRegisters =>
    held[findRegisters(held, pathKey(path))] ?? emptyRegisters(path);

  const draftAt = (path: Path): PathDraft => {
    const key = pathKey(path);
    const known = drafts.get(key);
    if (known !== undefined) return known;
    const made: PathDraft = { path, base: null, elements: new Map(), runs: new Map() };
    drafts.set(key, made);
    return made;
  };

  const overwrite = (path: Path, base: BaseDraft): void => {
    drafts.set(pathKey(path), overwritten(heldAt(path), path, base));
  };

  /**
   * What stands above or below goes too, each path by an entry of its own; what only this op wrote
   * there, untold.
   */
  const clearRelated = (path: Path): void => {
    for (const [key, each] of drafts) if (isRelated(each.path, path)) drafts.delete(key);
    for (const each of held)
      if (isRelated(each.path, path)) overwrite(each.path, { kind: "unset" });
  };

  return {
    set: (path, value, origin) => {
      clearRelated(path);
      overwrite(path, { kind: "set", value, origin });
    },
    unset: (path) => {
      clearRelated(path);
      overwrite(path, { kind: "unset" });
    },
    add: (path, element) => {
      const elementKey = valueKey(element);
      const replaces = dotsOf(heldElements(heldAt(path), elementKey));
      const entry: Entry = { kind: "add", path, element, replaces, origin: null };
      draftAt(path).elements.set(elementKey, entry);
    },
    remove: (path, element) => {
      removeElement(draftAt(path), heldAt(path), element);
    },
    increment: (path, amount) => {
      incrementBy(draftAt(path), heldAt(path), amount, dot);
    },
    clear: (path, kept) => {
      const isInWay = (other: Path): boolean =>
        pathKey(other) === pathKey(path) || isRelated(other, path);
      for (const [key, each] of drafts) if (isInWay(each.path)) drafts.delete(key);
      for (const each of held) {
        const goes = isInWay(each.path) && !kept.has(each.key) && !showsNothing(each);
        if (goes) overwrite(each.path, { kind: "unset" });
      }
    },
    touches: (path) => {
      if (drafts.has(pathKey(path))) return true;
      for (const each of drafts.values()) if (isRelated(each.path, path)) return true;
      return false;
    },
    entries: () => [...drafts.values()].flatMap((each) => entriesOf(each, heldAt(each.path))),
  };
};

/** What one op writes at one path. Elements and runs by their keys. */
interface PathDraft {
  readonly path: Path;
  base: BaseDraft | null;
  readonly elements: Map<string, Entry>;
  readonly runs: Map<string, Entry & { readonly kind: "increment" }>;
}

type BaseDraft =
  | { readonly kind: "set"; readonly value: Value; readonly origin: Stamp | null }
  | { readonly kind: "unset" };

const dotsOf = (entries: readonly HeldEntry[]): readonly Dot[] =>
  sortDots(entries.map((entry) => entry.dot));

const heldElements = (held: PathRegisters, elementKey: string): readonly HeldElement[] =>
  held.elements.filter((each) => each.elementKey === elementKey);

/**
 * A base value, and a remove for each element that was added: a set that is written anew starts
 * afresh.
 */
const overwritten = (held: PathRegisters, path: Path, base: BaseDraft): PathDraft => {
  const elements = new Map<string, Entry>();
  for (const each of held.elements) {
    if (each.kind === "add") elements.set(each.elementKey, removal(held, path, each));
  }
  return { path, base, elements, runs: new Map() };
};

/** Names the element's entries and, since it may hide the element in them, the base values. */
const removal = (
  held: PathRegisters,
  path: Path,
  { element, elementKey }: { readonly element: Value; readonly elementKey: string },
): Entry => ({
  kind: "remove",
  path,
  element,
  replaces: dotsOf([...heldElements(held, elementKey), ...held.base]),
  origin: null,
});

const removeElement = (draft: PathDraft, held: PathRegisters, element: Value): void => {
  const elementKey = valueKey(element);
  const { base } = draft;
  if (base?.kind === "set" && isArrayValue(base.value)) {
    // The op cannot name its own base value, so the element leaves that.
    const value = base.value.filter((each) => valueKey(each) !== elementKey);
    draft.base = { ...base, value };
  }
  const isNamed =
    heldElements(held, elementKey).length > 0 || (base === null && held.base.length > 0);
  if (isNamed) draft.elements.set(elementKey, removal(held, draft.path, { element, elementKey }));
  else draft.elements.delete(elementKey);
};

/**
 * A writer's run goes on while it sees its own last total; else a new run begins, named by its op.
 */
const incrementBy = (draft: PathDraft, held: PathRegisters, amount: number, dot: Dot): void => {
  const { base } = draft;
  if (base?.kind === "set" && typeof base.value === "number") {
    draft.base = { ...base, value: finite(base.value + amount) };
    return;
  }
  const mine = held.runs.find((each) => isOwnTotal(each, dot));
  const run = mine?.run ?? dot;
  const runKey = `${run.writer}:${String(run.n)}`;
  const before = draft.runs.get(runKey)?.total ?? mine?.total ?? 0;
  draft.runs.set(runKey, {
    kind: "increment",
    path: draft.path,
    run,
    total: finite(before + amount),
    replaces: dotsOf(held.runs.filter((each) => equalDots(each.run, run))),
    origin: null,
  });
};

const isOwnTotal = (held: HeldTotal, { writer }: Dot): boolean =>
  held.run.writer === writer && held.dot.writer === writer;

const entriesOf = ({ path, base, elements, runs }: PathDraft, held: PathRegisters): Entry[] => {
  const subs = [...elements.values(), ...runs.values()];
  if (base === null) return subs;
  const replaces = dotsOf(held.base);
  const seen = seenRuns(held.runs);
  if (base.kind === "unset")
    return [{ kind: "unset", path, replaces, seen, origin: null }, ...subs];
  const { value, origin } = base;
  return [{ kind: "set", path, value, replaces, seen, origin }, ...subs];
};

/** The last total of each run, by stamp; held totals stand in the order of runs, then stamps. */
const seenRuns = (runs: readonly HeldTotal[]): readonly SeenRun[] => {
  const seen: SeenRun[] = [];
  for (const { run, dot, total } of runs) {
    const before = seen.at(-1);
    if (before === undefined || !equalDots(before.run, run)) {
      seen.push({ run, dot, total, alsoSaw: [] });
    } else {
      seen[seen.length - 1] = { run, dot, total, alsoSaw: [...before.alsoSaw, before.dot] };
    }
  }
  return seen;
};
