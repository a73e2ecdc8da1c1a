/**
 * The rules on names of fields and of keys inside values (FORMATS.md §2, Limits): what callers may
 * use, what peers may send, and which names are the database's own.
 */
import { invalid } from "../base/errors.ts";
import { nameBytesMax, soundNamesMax } from "../base/limits.ts";
import { isWellFormed, utf8Length } from "../base/utf8.ts";

/**
 * Computed when a document is read, hidden unless asked for, and dropped when it is written back.
 */
const metadataNames: ReadonlySet<string> = new Set([
  "_vector",
  "_timestamp",
  "_peerId",
  "_deleted",
  "_stage",
  "_visibility",
  "_ahead",
]);

export const isMetadataName = (name: string): boolean => metadataNames.has(name);

/** Names with a leading underscore are the database's: carried, but hidden from callers. */
export const isOurName = (name: string): boolean => name.startsWith("_") && name !== "_entryType";

/** Why no replica accepts this name, or null. */
export const nameFault = (name: string): string | null => {
  if (soundNames.has(name)) return null;
  const fault = findFault(name);
  if (fault === null) {
    if (soundNames.size >= soundNamesMax) soundNames.clear();
    soundNames.add(name);
  }
  return fault;
};

/** Why a caller may not use this name, or null. */
export const callerNameFault = (name: string): string | null => {
  const ours = "a name with a leading underscore, which is the database's own";
  return nameFault(name) ?? (isOurName(name) ? ours : null);
};

/**
 * Throws InvalidDocument for a name that a caller may not use at `path` (which ends in it).
 * `allowOurs` lets names with a leading underscore through, for the database's own writes.
 */
export const checkName = (
  name: string,
  path: string,
  options: { readonly allowOurs?: boolean } = {},
): void => {
  const fault = options.allowOurs === true ? nameFault(name) : callerNameFault(name);
  if (fault !== null) throw invalid("InvalidDocument", `${path}: ${fault}`, path);
};

const findFault = (name: string): string | null => {
  if (name === "") return "an empty name";
  if (!isWellFormed(name)) return "a name with a lone surrogate";
  if (name.length * 3 > nameBytesMax && utf8Length(name) > nameBytesMax) {
    return `a name of more than ${String(nameBytesMax)} bytes`;
  }
  if (name.startsWith("$")) return "a name with a leading $, which only operators have";
  if (name.includes(".")) return "a name with a dot, which separates the names of a path";
  if (name === "__proto__" || name === "constructor" || name === "prototype") {
    return "a name that JavaScript objects need for themselves";
  }
  return null;
};

/** Names that were found sound: few are used, and each with every document. */
const soundNames = new Set<string>();
