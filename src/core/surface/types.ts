/**
 * The words in which the source designs speak of distributed documents and operations. The database
 * itself works on ops (core/op); these are what its exported pure functions take and give, and what
 * events and tools show.
 */
import type { Value } from "../base/types.ts";
import type { EntryType as EntryTypeName } from "../cbor/document.ts";
import type { VectorClock } from "../clock/vector.ts";

/** The kinds of entries by their names in the source designs. */
export const EntryType = {
  MEMORY: "MEMORY",
  AUTH: "AUTH",
} as const satisfies { readonly [name in EntryTypeName]: name };
/** `MEMORY`: a document. `AUTH`: a secret, which needs a vault. */
export type EntryType = EntryTypeName;

/** What kind of memory a document holds; grouping and posting go by it. */
export const MemoryCategory = {
  ERROR: "ERROR",
  CONTEXT: "CONTEXT",
  IDEA: "IDEA",
  SOLUTION: "SOLUTION",
  SKILL: "SKILL",
  GENERIC: "GENERIC",
  EVENT: "EVENT",
  PREFERENCE: "PREFERENCE",
  TRAIT: "TRAIT",
} as const;
/** One of the values of `MemoryCategory`. */
export type MemoryCategory = (typeof MemoryCategory)[keyof typeof MemoryCategory];

/** What a `CRDTOperation` does. */
export const OperationType = {
  INSERT: "insert",
  UPDATE: "update",
  DELETE: "delete",
} as const;
/** One of the values of `OperationType`. */
export type OperationType = (typeof OperationType)[keyof typeof OperationType];

/**
 * The protocol's messages by their names in the source designs, for tools that show such names.
 * What devices send each other are frames of other kinds: `FrameNote` names them.
 */
export const MessageType = {
  SYNC_REQUEST: "sync_request",
  SYNC_RESPONSE: "sync_response",
  OPERATION: "operation",
  HEARTBEAT: "heartbeat",
  COLLECTION_ANNOUNCE: "collection_announce",
  COLLECTION_REQUEST: "collection_request",
} as const;
/** One of the values of `MessageType`. */
export type MessageType = (typeof MessageType)[keyof typeof MessageType];

/**
 * A document with what its merging needs. Names that begin with `_` are not the user's.
 *
 * `_timestamp` and `_peerId` are those of its latest change and count for every field that
 * `_elements` says nothing else about.
 */
export interface DistributedDocument {
  readonly id: string;
  readonly _entryType: EntryType;
  readonly _vector: VectorClock;
  /** Milliseconds since 1970. */
  readonly _timestamp: number;
  readonly _peerId: string;
  /** There while the document waits to be posted; never leaves the device. */
  readonly _stage?: string;
  /** A tombstone. Absent where the document lives. */
  readonly _deleted?: boolean;
  /** What the document was made of, where its other fields do not say it all. */
  readonly _elements?: readonly Element[];
  readonly [field: string]: Value | undefined;
}

/**
 * A state or change that somebody once made, as it was then; never rewritten. A type and not an
 * interface, so that it counts as a value of a document.
 */
export type Element = {
  /** "document" and "delete" speak of all fields, "update" only of those that it names. */
  readonly kind: "document" | "update" | "delete";
  readonly vector: VectorClock;
  readonly timestamp: number;
  readonly peerId: string;
  readonly fields: { readonly [name: string]: Value };
  /** Fields that an update takes away. */
  readonly unset: readonly string[];
};

/** One change as the source designs send it: a view of an op. */
export interface CRDTOperation {
  /** `writer:n`. */
  readonly id: string;
  readonly type: OperationType;
  readonly collection: string;
  readonly documentId: string;
  /**
   * INSERT: the whole document. UPDATE: the fields that change, `undefined` taking one away.
   * DELETE: nothing.
   */
  readonly data?: { readonly [field: string]: Value | undefined } | null;
  /** Fields that an UPDATE takes away, for JSON, which has no `undefined`. */
  readonly unset?: readonly string[];
  /** What its maker had seen, itself included. */
  readonly vector: VectorClock;
  readonly timestamp: number;
  readonly peerId: string;
}
