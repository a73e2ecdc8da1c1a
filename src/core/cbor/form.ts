/**
 * What is wrong with bytes that somebody else made. Readers throw `FormFault` from wherever they
 * are; `readForm` turns it into a value at the boundary, so that hostile bytes can end in nothing
 * but a typed result.
 */
import { fail, ok, type Result } from "../base/result.ts";

export type FormCode =
  /** The bytes end before the item does. */
  | "truncated"
  /** Bytes follow after the item. */
  | "trailing"
  | "tooLong"
  | "tooDeep"
  | "tooManyItems"
  /**
   * Another spelling of the same item is the canonical one: long heads, floats that are integers,
   * -0.
   */
  | "notCanonical"
  | "badText"
  /** NaN, an infinity, or an integer beyond 2^53 - 1. */
  | "badNumber"
  /** Map keys out of order, twice, or no text. */
  | "badKeys"
  /** Indefinite lengths, undefined and other simple values, tags that stand for nothing here. */
  | "unsupported"
  /** Sound CBOR, but not what stands at this place. */
  | "wrongShape";

export interface FormError {
  readonly code: FormCode;
  /** Where the offending item begins, in bytes from the start of what was given to read. */
  readonly offset: number;
  readonly what: string;
}

/** Thrown inside readers only; never leaves the core. */
export class FormFault extends Error {
  override readonly name = "FormFault";
  readonly error: FormError;

  constructor(error: FormError) {
    super(`${error.what} at byte ${String(error.offset)}`);
    this.error = error;
  }
}

/** Runs a reader: its faults become values; any other exception is a bug and goes on. */
export const readForm = <T>(read: () => T): Result<T, FormError> => {
  try {
    return ok(read());
  } catch (error) {
    if (error instanceof FormFault) return fail(error.error);
    throw error;
  }
};
