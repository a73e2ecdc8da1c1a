/**
 * The few types that every layer names: document values, ids, dots, time.
 */
import type { Brand } from "./brand.ts";

/** What a leaf may hold. `Date`, bytes and vectors are values of their own, never taken apart. */
export type Value =
  | null
  | boolean
  | number
  | string
  | Date
  | Uint8Array
  | Float32Array
  | readonly Value[]
  | { readonly [name: string]: Value };

/** A document as users see it: flat JSON-like fields and an `id`. */
export type Fields = { readonly [name: string]: Value };
/** With the id, as every document has one. */
export type DocumentFields = Fields & { readonly id: string };

/** 16 bytes as 32 lower-case hexadecimal digits: text order equals byte order. */
export type WriterId = Brand<string, "WriterId">;
/** 16 bytes as hexadecimal: one collection in one network. */
export type ScopeId = Brand<string, "ScopeId">;
/** 32 bytes as hexadecimal: SHA-256 of a segment header. */
export type HeaderHash = Brand<string, "HeaderHash">;
/** 16 bytes as hexadecimal: the first half of a hash (`H16` of FORMATS.md). */
export type ShortHash = Brand<string, "ShortHash">;

/** An op's name: the n-th op of a writer in its scope, from 1 without gaps. */
export interface Dot {
  readonly writer: WriterId;
  readonly n: number;
}

/** Hybrid logical clock: 48-bit milliseconds, 16-bit counter. */
export interface Time {
  readonly ms: number;
  readonly counter: number;
}

/** What ranks a value among its siblings: (time, writer, n). */
export interface Stamp extends Dot {
  readonly time: Time;
}

/** A register's path: 1 to 16 names. Names hold no dot, so `names.join(".")` is one-to-one. */
export type Path = readonly string[];
