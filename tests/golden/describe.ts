/**
 * Anything that stands in memory as plain JSON, so that what golden bytes mean can be written down
 * beside them.
 */

import { bytesToHex } from "../../src/core/base/bytes.ts";

export type Described =
  null | boolean | number | string | readonly Described[] | { readonly [name: string]: Described };

/** Bytes as {hex}, vectors as {float32}, dates as {ms}; `undefined` fields are left out. */
export const describe = (value: unknown): Described => {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number") return value;
  if (value instanceof Uint8Array) return { hex: bytesToHex(value) };
  if (value instanceof Float32Array) return { float32: [...value] };
  if (value instanceof Date) return { ms: value.getTime() };
  if (Array.isArray(value)) return value.map(describe);
  if (typeof value !== "object") throw new TypeError(`cannot describe ${typeof value}`);
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(fields.map(([name, field]) => [name, describe(field)]));
};
