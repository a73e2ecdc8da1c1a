/**
 * What API.md lists and a later part brings: it exists, and says so. One table, so that a part that
 * brings a method takes one line away.
 */
import { notSupported } from "./answer.ts";

/** Rejects with `NotSupported`, naming the part that brings it. */
export type Later = (...parameters: readonly unknown[]) => Promise<never>;

export type LaterOf<Names extends string> = { readonly [name in Names]: Later };

export type LaterCollectionMethod = (typeof collectionMethods)[number][0];
export type LaterDatabaseMethod = (typeof databaseMethods)[number][0];
export type LaterVaultMethod = (typeof vaultMethods)[number];
export type LaterBlobMethod = (typeof blobMethods)[number];

export const laterInCollection = (): LaterOf<LaterCollectionMethod> => rejecting(collectionMethods);

export const laterInDatabase = (): LaterOf<LaterDatabaseMethod> & {
  readonly vault: LaterOf<LaterVaultMethod>;
  readonly blobs: LaterOf<LaterBlobMethod>;
} => ({
  ...rejecting(databaseMethods),
  vault: rejecting(vaultMethods.map((name) => [name, "secrets"] as const)),
  blobs: rejecting(blobMethods.map((name) => [name, "memories"] as const)),
});

const collectionMethods = [
  ["search", "memories"],
  ["createIndex", "query"],
  ["dropIndex", "query"],
  ["getIndexes", "query"],
  ["history", "strategies and posting"],
  ["conflicts", "strategies and posting"],
  ["resolve", "strategies and posting"],
] as const;

const databaseMethods = [
  ["query", "query"],
  ["live", "query"],
  ["embed", "memories"],
  ["stageForPost", "strategies and posting"],
  ["unstage", "strategies and posting"],
  ["registerPostingAdapter", "strategies and posting"],
  ["backup", "storage"],
  ["restore", "storage"],
  ["metrics", "operations"],
] as const;

const vaultMethods = [
  "status",
  "unlock",
  "lock",
  "setPassphrase",
  "changePassphrase",
  "addPasskey",
  "recoveryKit",
  "slots",
  "removeSlot",
  "add",
  "get",
  "getByLabel",
  "list",
  "update",
  "delete",
  "history",
  "stateHash",
] as const;

const blobMethods = ["put", "get", "stat", "pin", "evict", "where"] as const;

const rejecting = <Name extends string>(
  methods: readonly (readonly [name: Name, part: string])[],
): LaterOf<Name> => {
  const entries = methods.map(([name, part]): [Name, Later] => [
    name,
    () => Promise.reject(notSupported(name, `the part "${part}" brings it.`)),
  ]);
  // The entries carry exactly these names.
  return Object.fromEntries(entries) as LaterOf<Name>;
};
