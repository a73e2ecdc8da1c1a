/**
 * The one error type that callers meet. `code` is a closed union, so a switch over it is
 * exhaustive; errors cross workers as `ErrorValue` (Comlink drops fields of Error objects) and are
 * rebuilt on the other side.
 */

/** What went wrong. Every code states what the caller can do about it. */
export type ErrorCode =
  /** A value, name, path or option is not acceptable: `path` names where. Mend the input. */
  | "InvalidDocument"
  | "InvalidQuery"
  | "InvalidUpdate"
  | "InvalidArgument"
  | "InvalidEntryType"
  /** A Standard Schema refused the document: `issues` lists why. */
  | "SchemaViolation"
  /** Larger than a bound of limits.ts. Split the document or batch. */
  | "TooLarge"
  | "DuplicateId"
  | "UnknownCollection"
  | "UnknownNetwork"
  | "AlreadyAttached"
  | "NetworkNameTaken"
  /** This device's role in the network does not allow it. Ask an owner. */
  | "NotPermitted"
  /** Secrets need a vault, which is not set up on this device. */
  | "VaultNotSetUp"
  | "VaultLocked"
  | "TransactionConflict"
  | "TransactionTooLarge"
  /** Something else holds the database: another process, or a tab that can not share it. */
  | "AlreadyOpen"
  /**
   * The database was deleted in another tab, or a later opening took it over; this handle can only
   * fail. Reload.
   */
  | "Replaced"
  | "Closed"
  | "Aborted"
  | "QuotaExceeded"
  | "StorageFailed"
  /**
   * The database is gone but for a part that shows that it was there. Destroy it to start anew:
   * nothing starts by itself.
   */
  | "StorageLost"
  | "NewerFormat"
  | "PluginFailed"
  | "PeerUnreachable"
  /** A round of sync came no further for too long: the message says what is missing, from whom. */
  | "SyncStalled"
  /** More than a peer may be sent at once. Send less, or later. */
  | "RateExceeded"
  | "UnsupportedAddress"
  /** A part of the program could not be fetched from the page's server. Ask again later. */
  | "NotLoaded"
  | "NotSupported";

/** An error as it crosses a worker boundary: plain data only. */
export interface ErrorValue {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryable: boolean;
  /** Where in the input: dotted path, id, or option name. */
  readonly path?: string;
  /** For writes: whether the write took effect although the call failed. */
  readonly outcome?: "committed" | "not committed";
  readonly issues?: readonly string[];
  readonly cause?: string;
}

/** What every call rejects with that can fail for a reason of its caller's or of the world's. */
export class NebulusError extends Error {
  override readonly name = "NebulusError";
  /** To be told apart by. */
  readonly code: ErrorCode;
  /** The same call may succeed later. */
  readonly retryable: boolean;
  /** Where in the input: dotted path, id, or option name. */
  readonly path: string | undefined;
  /** Of a write; undefined where nobody knows, and for what writes nothing. */
  readonly outcome: "committed" | "not committed" | undefined;
  /** Of a `SchemaViolation`: all that the schema found. */
  readonly issues: readonly string[] | undefined;

  /** `cause`: what was thrown; without it the one that `value` tells of in words. */
  constructor(value: ErrorValue, cause?: unknown) {
    super(value.message, { cause: cause ?? value.cause });
    this.code = value.code;
    this.retryable = value.retryable;
    this.path = value.path;
    this.outcome = value.outcome;
    this.issues = value.issues;
  }

  /** As plain data, for JSON or `postMessage`; the cause as text. */
  toValue(): ErrorValue {
    return {
      code: this.code,
      message: this.message,
      retryable: this.retryable,
      ...(this.path === undefined ? {} : { path: this.path }),
      ...(this.outcome === undefined ? {} : { outcome: this.outcome }),
      ...(this.issues === undefined ? {} : { issues: this.issues }),
      ...(this.cause === undefined ? {} : { cause: causeText(this.cause) }),
    };
  }
}

/** What a caller should mend: `what` says what is wrong, where and what to do. */
export const invalid = (code: ErrorCode, message: string, path?: string): NebulusError =>
  new NebulusError({ code, message, retryable: false, ...(path === undefined ? {} : { path }) });

const causeText = (cause: unknown): string =>
  cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
