/**
 * The database's worker as the product has it, over small bounds: journal files end, the journal is
 * absorbed and checkpoints are made after a few writes instead of thousands; tabs miss their leader
 * after half a second; and a test can freeze it.
 */
import { createWebCrypto } from "../../../src/engine/crypto/webcrypto.ts";
import { createTimers } from "../../../src/engine/timers.ts";
import { createIndexedDbTables } from "../../../src/storage/indexeddbTables.ts";
import { createJournaledAdapter } from "../../../src/storage/journaledAdapter.ts";
import { createOpfsJournalHome } from "../../../src/storage/opfs.ts";
import { createPortCarrier } from "../../../src/worker/carrier.ts";
import { serveDatabase } from "../../../src/worker/serve.ts";
import { createService } from "../../../src/worker/service.ts";
import { createBrowserPlatform } from "../../../src/worker/tabs/browserPlatform.ts";

const adapter = createJournaledAdapter({
  kind: "indexeddb",
  tables: createIndexedDbTables(() => indexedDB),
  files: createOpfsJournalHome(),
  randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  sizes: { fileBytesMax: 128 * 1024, fileAbsorbedBytesMax: 16 * 1024 },
});
serveDatabase({
  adapter,
  createService: () =>
    createService({
      adapter,
      crypto: createWebCrypto(crypto),
      timers: createTimers(() => Date.now()),
      bounds: {
        pageCacheBytes: 256 * 1024,
        pageBytes: 4 * 1024,
        dirtyDocuments: 200,
        journalHeldBytes: 96 * 1024,
      },
      carrierOf: createPortCarrier,
    }),
  tabs: { ...createBrowserPlatform(), heartbeatMilliseconds: 100 },
});

// In the middle of whatever is under way, with all that it holds, as a frozen page's worker: a
// request that waits for its answer blocks the thread until the test lets it be answered
addEventListener("message", ({ data }: MessageEvent<unknown>) => {
  if (!isFreezing(data)) return;
  const request = new XMLHttpRequest();
  request.open("GET", data.frozenUntil, false);
  request.send();
});

const isFreezing = (data: unknown): data is { readonly frozenUntil: string } =>
  typeof data === "object" &&
  data !== null &&
  "frozenUntil" in data &&
  typeof data.frozenUntil === "string";
