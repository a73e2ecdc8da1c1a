/**
 * From whatever was thrown to the error value that crosses to the page.
 */
import { NebulusError, type ErrorValue } from "../core/base/errors.ts";

/**
 * An exception that is no `NebulusError` is a bug or a platform's whim: said so, with its own words
 * as the cause.
 */
export const errorValueOf = (error: unknown): ErrorValue => {
  if (error instanceof NebulusError) return error.toValue();
  return new NebulusError(
    {
      code: "StorageFailed",
      message: "The database met an unexpected failure. Reload; what was acknowledged is stored.",
      retryable: true,
    },
    error,
  ).toValue();
};

/**
 * A write of which nobody can say whether it took effect: opening the database anew finds out. The
 * one error of a write that carries no `outcome`.
 */
export class OutcomeUnknown extends NebulusError {}

/** The same error, and nothing of the write took effect. */
export const notCommitted = (error: unknown): NebulusError => withOutcome(error, "not committed");

export const withOutcome = (
  error: unknown,
  outcome: "committed" | "not committed",
): NebulusError => {
  const cause = error instanceof NebulusError ? error.cause : error;
  return new NebulusError({ ...errorValueOf(error), outcome }, cause);
};

/** Nothing was written, and nothing is lost by trying again when there is space. */
export const isDiskFull = (error: unknown): boolean =>
  error instanceof NebulusError && error.code === "QuotaExceeded";
