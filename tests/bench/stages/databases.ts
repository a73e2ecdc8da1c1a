/**
 * Whole databases behind the worker's contract, each with all that the product puts there, and the
 * few calls that the measured paths make. A failure is thrown, so that no path is measured that did
 * not work.
 */
import type { Carrier } from "../../../src/core/net/carrier.ts";
import { normaliseFilter } from "../../../src/core/query/match.ts";
import type { FindRequest, Write } from "../../../src/core/wire/requests.ts";
import type { NetworkSnapshot, SyncSnapshot } from "../../../src/core/wire/snapshots.ts";
import { createWebCrypto } from "../../../src/engine/crypto/webcrypto.ts";
import { createTimers } from "../../../src/engine/timers.ts";
import type { StorageAdapter } from "../../../src/storage/store.ts";
import type { Answer, DatabaseService } from "../../../src/worker/api.ts";
import { createService } from "../../../src/worker/service.ts";
import { collection, networkName, sharedSecret } from "./scope.ts";

export interface BenchDatabase {
  readonly service: DatabaseService;
  readonly write: (write: Write) => Promise<void>;
  readonly insert: (rows: Uint8Array) => Promise<void>;
  /** Joins the network and attaches the collection to it. */
  readonly attach: () => Promise<void>;
  /** All that was written is cut, sealed and stored when it resolves. */
  readonly cut: () => Promise<void>;
  /** How many documents the collection shows. */
  readonly count: () => Promise<number>;
  /** Rows that match, as bytes. */
  readonly find: (query: object) => Promise<Uint8Array>;
  /** Takes the network into use. */
  readonly link: () => Promise<void>;
  /** Resolves when the collection is verified equal with a peer. */
  readonly verified: () => Promise<void>;
  /** The last that was told. */
  readonly network: () => NetworkSnapshot | undefined;
  readonly close: () => Promise<void>;
  /** Closes and deletes it. */
  readonly drop: () => Promise<void>;
}

export const openDatabase = async (
  adapter: StorageAdapter,
  name: string,
  carrier?: Carrier,
): Promise<BenchDatabase> => {
  const service = createService({
    ...{ adapter, crypto: createWebCrypto(crypto), timers: createTimers(() => Date.now()) },
    carrierOf: () => carrier ?? fail("no carrier was given"),
  });
  let networks: readonly NetworkSnapshot[] = [];
  let sync: readonly SyncSnapshot[] = [];
  let told = (): void => undefined;
  const answer = await service.open({ name, durability: "strict" }, (event) => {
    if (event.kind === "networks") networks = event.networks;
    if (event.kind === "sync") sync = event.sync;
    if (event.kind === "failed") fail(event.error.message);
    told();
  });
  valueOf(answer);
  const isVerified = (): boolean =>
    sync.some(({ status }) => status.kind === "synced" && status.verified && status.unread === 0);
  return {
    ...callsOf(service),
    link: async () => {
      const { port1 } = new MessageChannel();
      valueOf(await service.carry(port1));
      port1.close();
    },
    verified: () =>
      new Promise((resolve) => {
        told = () => {
          if (isVerified()) resolve();
        };
        told();
      }),
    network: () => networks[0],
    drop: async () => {
      await service.close();
      await adapter.destroy(name);
    },
  };
};

const callsOf = (
  service: DatabaseService,
): Omit<BenchDatabase, "link" | "verified" | "network" | "drop"> => {
  let commands = 0;
  const write = async (content: Write): Promise<void> => {
    commands += 1;
    valueOf(await service.write({ commandId: `bench-${commands}`, write: content }));
  };
  return {
    service,
    write,
    insert: (rows) => write({ kind: "insert", collection, rows, visibility: null }),
    attach: async () => {
      const network = {
        ...{ networkId: networkName, name: "Bench", sharedSecret },
      };
      valueOf(await service.makeNetwork({ ...network, kind: "open" }));
      await write({ kind: "make-collection", collection });
      await write({ kind: "attach", collection, networkId: networkName });
    },
    cut: async () => {
      valueOf(await service.forceSync(collection));
    },
    count: async () => valueOf(await service.count(requestFor({}))),
    find: async (query) => valueOf(await service.find(requestFor(query), [])).rows,
    close: async () => {
      valueOf(await service.close());
    },
  };
};

const requestFor = (query: object): FindRequest => ({
  ...{ collection, filter: normaliseFilter(query), sort: [], limit: null, offset: 0, after: null },
  ...{ fields: null, includeDeleted: false, meta: false },
});

const valueOf = <T>(answer: Answer<T>): T =>
  answer.ok ? answer.value : fail(`${answer.error.code}: ${answer.error.message}`);

const fail = (message: string): never => {
  throw new Error(message);
};
