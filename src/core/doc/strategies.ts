/**
 * Conflict strategies: how a reader sees the siblings of one path (DESIGN.md §3, Reading). Each is
 * a total, pure function over the whole list, never folded pairwise, so none can make replicas
 * diverge. Sets and counters merge beside them.
 */
import type { Value } from "../base/types.ts";
import type { HeldBase } from "./state.ts";

export type StrategyName = keyof typeof strategies;

/** What a path's base value reads as. */
export interface Resolution {
  /** Undefined: unset. */
  readonly value: Value | undefined;
  /** The entry that the value ranks by; removes and counters act on it as that entry saw them. */
  readonly by: HeldBase;
}

/**
 * `siblings` is not empty and in the order of stamps. Quarantined ones are among them only if all
 * are quarantined.
 */
export type Strategy = (siblings: readonly [HeldBase, ...HeldBase[]]) => Resolution;

const resolution = (by: HeldBase): Resolution => ({
  value: by.kind === "set" ? by.value : undefined,
  by,
});

export const strategies = {
  "last-write-wins": (siblings) => resolution(siblings.at(-1) ?? siblings[0]),
  "first-write-wins": (siblings) => resolution(siblings[0]),
} as const satisfies Readonly<Record<string, Strategy>>;
