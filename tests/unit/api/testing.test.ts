/** What the package brings for tests of an application, used as an application would. */
import { readdir } from "node:fs/promises";
import { createDistributedDb, createLibP2PNetwork, InMemoryAdapter } from "nebulusdb";
import { startTestRelay } from "nebulusdb/testing";
import { afterEach, expect, test, vi } from "vitest";
import { createCleanup, temporaryDirectory } from "../../support/nodePeers.ts";

const cleanup = createCleanup();
afterEach(async () => {
  vi.unstubAllEnvs();
  await cleanup.run();
});

test("K-137 an application's tests have a relay, and peers that meet there", async () => {
  const relay = await startTestRelay();
  const open = async () => {
    const database = createDistributedDb({
      adapter: new InMemoryAdapter(),
      distributed: { enabled: true, network: createLibP2PNetwork({ relays: relay.addresses }) },
    });
    const encryption = { sharedSecret: "a secret of these tests, long enough" };
    await database.createNetwork({ networkId: "team", name: "Team", encryption });
    const notes = database.collection("notes");
    await database.addCollectionToNetwork("team", "notes");
    return { database, notes };
  };
  const [one, two] = [await open(), await open()];
  await one.notes.insert({ id: "1" });
  await new Promise<void>((resolve) => {
    two.notes.subscribe({}, (rows) => {
      if (rows.length === 1) resolve();
    });
  });
  await Promise.all([one.database.shutdown(), two.database.shutdown()]);
  await relay.stop();
  await expect(fetch(relay.url)).rejects.toThrow();
});

test("a relay of a test leaves nothing behind, nor does one that cannot be started", async () => {
  const place = await temporaryDirectory(cleanup);
  vi.stubEnv("TMPDIR", place);
  const first = await startTestRelay();
  await expect(startTestRelay({ port: first.port })).rejects.toThrow(/in use/);
  expect(await readdir(place)).toHaveLength(1);
  await first.stop();
  expect(await readdir(place)).toEqual([]);
});
