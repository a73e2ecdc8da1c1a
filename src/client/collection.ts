/**
 * A collection as an application holds it: its reading and writing halves, its network, and what
 * later parts bring.
 */
import type { DistributedCollection } from "./api.ts";
import { createCollectionNetwork } from "./collectionNetwork.ts";
import { createCollectionReads } from "./collectionReads.ts";
import { createCollectionWrites } from "./collectionWrites.ts";
import type { CollectionContext } from "./context.ts";
import { laterInCollection } from "./later.ts";
import type { Transact } from "./transaction.ts";

export const createCollection = (
  context: CollectionContext,
  transact: Transact,
): DistributedCollection => {
  const parts = {
    name: context.name,
    ...createCollectionReads(context),
    ...createCollectionWrites(context, transact),
    ...createCollectionNetwork(context),
    ...laterInCollection(),
  };
  // The halves speak of documents of any fields; what a query's options make of a document is known
  // to types alone.
  return parts as unknown as DistributedCollection;
};
