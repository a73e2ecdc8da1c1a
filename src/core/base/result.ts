/**
 * Failures that a caller can handle travel as values; what nobody can handle is thrown.
 */
export type Result<T, E> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: E };

export const ok = <T>(value: T): { readonly ok: true; readonly value: T } => ({ ok: true, value });

export const fail = <E>(error: E): { readonly ok: false; readonly error: E } => ({
  ok: false,
  error,
});

/**
 * Closes a switch over a union: the compiler refuses a forgotten case, and a lie at run time is
 * loud.
 */
export const unreachable = (value: never): never => {
  throw new Error(`unreachable case: ${String(value)}`);
};

/** An invariant that holds unless this program is wrong. Checked in production too. */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${what}`);
}
