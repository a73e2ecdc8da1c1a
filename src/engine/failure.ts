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

/** Nothing was written, and nothing is lost by trying again when there is space. */
export const isDiskFull = (error: unknown): boolean =>
  error instanceof NebulusError && error.code === "QuotaExceeded";
