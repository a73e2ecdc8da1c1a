/** Types of the reference model, which is plain JavaScript on purpose. */

export type ModelDot = readonly [writer: string, n: number];
/** "writer:n" */
export type ModelKey = string;
export type ModelPath = readonly string[];
export type ModelRegister = readonly (
  string | { readonly element: unknown } | { readonly run: ModelKey }
)[];
export type ModelOrigin = readonly [time: number, writer: string, n: number];

export interface ModelEntry {
  register: ModelRegister;
  kind: "set" | "unset" | "add" | "remove" | "increment";
  value?: unknown;
  replaces: ModelKey[];
  origin?: ModelOrigin;
  seen?: Record<string, number>;
  seenDots?: ModelKey[];
}

export interface ModelOp {
  readonly dot: ModelDot;
  time: number;
  birth?: boolean;
  births?: ModelKey[];
  entries?: ModelEntry[];
  removes?: ModelKey[];
}

export interface ModelSibling extends ModelEntry {
  readonly dot: ModelDot;
  readonly time: number;
  readonly by: string;
  readonly at: number;
}

export type ModelChange = { readonly path: ModelPath; readonly origin?: ModelOrigin } & (
  | { readonly set: unknown }
  | { readonly unset: true }
  | { readonly add: unknown }
  | { readonly remove: unknown }
  | { readonly increment: number }
);

export const EMPTY: { readonly object: "empty" };
export const key: (dot: ModelDot) => ModelKey;
export const deletedBirths: (ops: readonly ModelOp[]) => Set<ModelKey>;
export const liveBirths: (ops: readonly ModelOp[]) => Set<ModelKey>;
export const siblings: (ops: readonly ModelOp[]) => Map<string, ModelSibling[]> | null;
export const read: (ops: readonly ModelOp[]) => Record<string, unknown> | null;
export const prune: (ops: readonly ModelOp[]) => ModelOp[];
export const makeOp: (
  ops: readonly ModelOp[],
  dot: ModelDot,
  time: number,
  changes: readonly ModelChange[],
  options?: { readonly birth?: boolean },
) => ModelOp;
export const makeDelete: (ops: readonly ModelOp[], dot: ModelDot, time: number) => ModelOp;
