/**
 * Errors on this side of the contract: answers are values (Comlink drops the fields of Error
 * objects), and callers get a NebulusError.
 */
import { NebulusError, type ErrorCode, type ErrorValue } from "../core/base/errors.ts";
import type { Answer } from "../worker/api.ts";

/** The value of an answer; throws the NebulusError that it stands for. */
export const valueOf = <T>(answer: Answer<T>): T => {
  if (answer.ok) return answer.value;
  throw new NebulusError(answer.error);
};

/**
 * Whatever was thrown, as the one type that callers meet. A stranger can only be a fault of this
 * program.
 */
export const toNebulusError = (error: unknown): NebulusError =>
  error instanceof NebulusError
    ? error
    : new NebulusError(
        {
          code: "StorageFailed",
          message: `The database failed: ${textOf(error)}`,
          retryable: false,
        },
        error,
      );

/** The same error with something more said. */
export const withDetail = (error: NebulusError, detail: Partial<ErrorValue>): NebulusError =>
  new NebulusError({ ...error.toValue(), ...detail }, error);

/** An error that only tells the caller to do something else. */
export const refusal = (code: ErrorCode, message: string, path?: string): NebulusError =>
  new NebulusError({ code, message, retryable: false, ...(path === undefined ? {} : { path }) });

export const notSupported = (what: string, advice: string): NebulusError =>
  refusal("NotSupported", `${what} is not supported yet: ${advice}`, what);

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
