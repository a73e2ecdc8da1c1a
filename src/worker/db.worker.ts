/**
 * The worker of a page, and the place where its database is put together: IndexedDB, OPFS,
 * WebCrypto and timers, offered to the page and shared with other tabs.
 */
import { createWebCrypto } from "../engine/crypto/webcrypto.ts";
import { createTimers } from "../engine/timers.ts";
import { createIndexedDbAdapter } from "../storage/indexeddb.ts";
import { InMemoryAdapter } from "../storage/memory.ts";
import { createOpfsJournalHome } from "../storage/opfs.ts";
import type { StorageAdapter } from "../storage/store.ts";
import { createPortCarrier } from "./carrier.ts";
import { serveDatabase } from "./serve.ts";
import { createService } from "./service.ts";
import { createBrowserPlatform } from "./tabs/browserPlatform.ts";

/**
 * Without IndexedDB (some private windows) everything still works, and the answer to `open` says
 * what it is worth. Without OPFS the journal stands in IndexedDB too.
 */
const createAdapter = (): StorageAdapter => {
  if (typeof indexedDB === "undefined") return new InMemoryAdapter();
  const files = createOpfsJournalHome();
  return createIndexedDbAdapter(files === null ? {} : { files });
};

const adapter = createAdapter();
serveDatabase({
  adapter,
  createService: () =>
    createService({
      adapter,
      crypto: createWebCrypto(crypto),
      timers: createTimers(() => Date.now()),
      carrierOf: createPortCarrier,
    }),
  // What stands in memory no other tab can see
  tabs: adapter.kind === "memory" ? null : createBrowserPlatform(),
});
