/**
 * The two forms of a state, each made from the other. `pack` decides: what can be plain is plain,
 * so that equal sets of ops give equal structures.
 */
import type { Path, Value } from "../base/types.ts";
import { compareKeys, pathKey } from "../op/path.ts";
import { equalDots } from "../op/dots.ts";
import { placePaths } from "./shapes.ts";
import type {
  Birth,
  DocumentState,
  EntryStamp,
  GeneralState,
  HeldBase,
  PathRegisters,
  PlainState,
} from "./state.ts";

/** A document of which nothing was read yet. */
export const emptyState = (id: string): GeneralState => ({
  kind: "general",
  id,
  births: [],
  registers: [],
  deletion: null,
  parked: false,
});

export const emptyRegisters = (path: Path): PathRegisters => ({
  key: pathKey(path),
  path,
  base: [],
  elements: [],
  runs: [],
});

/** The same state in the form that every reader and merge understands. */
export const toGeneral = (state: DocumentState): GeneralState => {
  if (state.kind === "general") return state;
  const births = [state.birth.dot];
  const registers = state.shape.paths.map((path, index): PathRegisters => {
    const { dot, time, origin } = stampAt(state, index);
    const value = valueAt(state, index);
    const entry: HeldBase = { kind: "set", value, seen: [], dot, time, origin, births };
    return { ...emptyRegisters(path), base: [entry] };
  });
  const { id, birth, deletion } = state;
  return { kind: "general", id, births: [birth], registers, deletion, parked: false };
};

/** The state in its canonical form. */
export const pack = (state: GeneralState): DocumentState => {
  const [birth] = state.births;
  if (birth === undefined || state.births.length > 1 || state.parked) return state;
  const values: Value[] = [];
  const stamps: EntryStamp[] = [];
  for (const registers of state.registers) {
    const entry = plainEntry(registers);
    if (entry === null) return state;
    values.push(entry.value);
    stamps.push({ dot: entry.dot, time: entry.time, origin: entry.origin });
  }
  // The registers are sorted, and so are a shape's paths.
  const placement = placePaths(state.registers);
  if (placement === null) return state;
  const { id, deletion } = state;
  const { shape } = placement;
  return { kind: "plain", id, birth, shape, values, stamps: packStamps(stamps, birth), deletion };
};

/** Stamps as a plain state holds them: what the birth itself says is not said again. */
export const packStamps = (
  stamps: readonly EntryStamp[],
  birth: Birth,
): readonly (EntryStamp | null)[] | null => {
  const packed = stamps.map((stamp) =>
    stamp.origin === null && equalDots(stamp.dot, birth.dot) ? null : stamp,
  );
  return packed.every((stamp) => stamp === null) ? null : packed;
};

/** Who wrote the value at an index of the shape. */
export const stampAt = (state: PlainState, index: number): EntryStamp =>
  state.stamps?.[index] ?? { dot: state.birth.dot, time: state.birth.time, origin: null };

export const valueAt = (state: PlainState, index: number): Value => state.values[index] ?? null;

/** Where a path stands in a sorted list of registers, or -1 less the place where it belongs. */
export const findRegisters = (registers: readonly PathRegisters[], key: string): number => {
  let low = 0;
  let high = registers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(registers[middle]?.key ?? "", key) < 0) low = middle + 1;
    else high = middle;
  }
  return registers[low]?.key === key ? low : -1 - low;
};

const plainEntry = (registers: PathRegisters): (HeldBase & { readonly kind: "set" }) | null => {
  const [entry] = registers.base;
  const isPlain =
    registers.base.length === 1 &&
    registers.elements.length === 0 &&
    registers.runs.length === 0 &&
    entry?.kind === "set" &&
    entry.seen.length === 0;
  return isPlain ? entry : null;
};
