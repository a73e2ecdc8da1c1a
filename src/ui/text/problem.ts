/**
 * Whatever was thrown, as something that can be shown: nothing that fails is swallowed.
 */
import { NebulusError, type ErrorCode } from "../../core/base/errors.ts";
import { messages } from "../messages.ts";

export interface Problem {
  readonly message: string;
  /** Dotted path, id or option name that it is about; null where it is about none. */
  readonly path: string | null;
  readonly code: ErrorCode | null;
  /** For a report; empty where there is nothing more to say. */
  readonly cause: string;
}

export const problemOf = (error: unknown): Problem => {
  if (error instanceof NebulusError) {
    const { message, code, path = "", issues = [] } = error;
    const text = [message, ...issues].join("\n");
    const isFull = code === "QuotaExceeded";
    return {
      message: isFull ? messages.full.text : text,
      ...{ path: path === "" ? null : path, code },
      cause: isFull ? text : causeOf(error),
    };
  }
  const cause = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { message: messages.errors.unknown, path: null, code: null, cause };
};

const causeOf = ({ cause }: NebulusError): string => {
  if (cause === undefined) return "";
  if (cause instanceof Error) return `${cause.name}: ${cause.message}`;
  return typeof cause === "string" ? cause : JSON.stringify(cause);
};
