/**
 * The database in the process that asks for it, over any adapter, with the platform's own
 * cryptography and timers. Apart from service.ts, which is given all of these.
 */
import type { Carrier } from "../core/net/carrier.ts";
import { createWebCrypto } from "../engine/crypto/webcrypto.ts";
import { createTimers } from "../engine/timers.ts";
import type { StorageAdapter } from "../storage/store.ts";
import type { DatabaseService } from "./api.ts";
import { createPortCarrier } from "./carrier.ts";
import { createService } from "./service.ts";

export interface LocalEngine {
  readonly service: DatabaseService;
  /** Deletes all data of that name. */
  readonly destroy: (name: string) => Promise<void>;
}

/** `network`: instead of one that stands behind a port. */
export const createLocalEngine = (adapter: StorageAdapter, network?: Carrier): LocalEngine => ({
  service: createService({
    adapter,
    crypto: createWebCrypto(crypto),
    timers: createTimers(() => Date.now()),
    carrierOf: network === undefined ? createPortCarrier : () => network,
  }),
  destroy: (name) => adapter.destroy(name),
});
