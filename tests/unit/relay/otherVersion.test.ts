/**
 * A page of another version of the protocol in one's network, through a real relay: the doctor says
 * what is wrong, nobody tries without end, and those of one version go on.
 */
import { afterEach, expect, test } from "vitest";
import type { DistributedDatabase } from "../../../src/client/api.ts";
import {
  createDistributedDb,
  createLibP2PNetwork,
  InMemoryAdapter,
} from "../../../src/index.node.ts";
import type { Carrier } from "../../../src/core/net/carrier.ts";
import {
  createCleanup,
  createSignal,
  startTestPeer,
  startTestRelay,
} from "../../support/nodePeers.ts";
import { rowsOnce } from "../../support/twoPeers.ts";

const cleanup = createCleanup();
afterEach(() => cleanup.run());

const [networkId, notes] = ["team", "notes"];
const sharedSecret = "a secret of these tests, long enough";
/** The first message of a greeting, in version 0. */
const olderHello = Uint8Array.of(1, 0x83, 0, 0, 0);

test("an older version is named by the doctor, and delays nobody", async () => {
  const relay = await startTestRelay(cleanup);
  const relays = [`/ip4/127.0.0.1/tcp/${String(relay.port)}/ws`];
  const tagged = createSignal();
  let tags: readonly string[] = [];
  const open = async (): Promise<DistributedDatabase> => {
    const carrier = createLibP2PNetwork({ relays });
    const network: Carrier = {
      ...carrier,
      setTags: (wanted) => {
        tags = wanted;
        carrier.setTags(wanted);
        tagged.raise();
      },
    };
    const database = createDistributedDb({
      adapter: new InMemoryAdapter(),
      distributed: { enabled: true, network },
    });
    cleanup.add(() => database.shutdown());
    await database.createNetwork({ networkId, name: "Team", encryption: { sharedSecret } });
    database.collection(notes);
    await database.addCollectionToNetwork(networkId, notes);
    return database;
  };
  const database = await open();
  await tagged.until(() => tags.length > 0);

  const older = await startTestPeer(cleanup, [relay]);
  older.setTags(tags);
  const { channel } = await older.channel(0);
  await channel.send(olderHello);
  const refusal = await untilRefused(database);
  expect(refusal).toMatchObject({ step: "peer", subject: older.peerId, detail: "version" });

  // Meanwhile those of one version meet as ever
  await database.collection(notes).insert({ id: "kept" });
  const newer = await open();
  await rowsOnce(newer.collection(notes), {}, (rows) => rows.length === 1);
  expect(older.channels.length).toBeLessThan(5);
});

/** What the doctor says of the peer that was refused, once it does. */
const untilRefused = async (database: DistributedDatabase): Promise<unknown> => {
  const changed = createSignal();
  let changes = 0;
  cleanup.add(
    database.on("connection", () => {
      changes += 1;
      changed.raise();
    }),
  );
  for (;;) {
    const seen = changes;
    const steps = await database.getNetworkManager().diagnose();
    const refused = steps.find(({ reason }) => reason === "refused");
    if (refused !== undefined) return refused;
    await changed.until(() => changes > seen);
  }
};
