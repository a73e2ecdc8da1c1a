/**
 * What each database must be able to do here, in the words of none of them. A page opens one by
 * its participant's name; answers come back as the documents that went in.
 */
import type { BenchDocument } from "../../support/documents.ts";
import type { Durability } from "../participants.ts";

export interface Store {
  /** Resolves as durable as the store was opened, as does every write. */
  readonly insertMany: (documents: readonly BenchDocument[]) => Promise<void>;
  readonly insert: (document: BenchDocument) => Promise<void>;
  readonly get: (id: string) => Promise<BenchDocument | null>;
  /** In any order. */
  readonly getMany: (ids: readonly string[]) => Promise<readonly BenchDocument[]>;
  /** Changes this one field of documents that are there. */
  readonly setScores: (scores: readonly Score[]) => Promise<void>;
  /** All that match `rareQuery`, without an index. */
  readonly findRare: () => Promise<readonly BenchDocument[]>;
  readonly count: () => Promise<number>;
  /** What the product alone is asked: the collection joins a network. */
  readonly attach?: () => Promise<void>;
  /** And all of it is sealed, signed and stored when this resolves. */
  readonly cut?: () => Promise<void>;
  /** Of WebAssembly, where it uses any. */
  readonly wasmBytes?: () => Promise<number>;
  readonly close: () => Promise<void>;
}

export type Score = readonly [id: string, score: number];

export type OpenStore = (name: string, durability: Durability) => Promise<Store>;
