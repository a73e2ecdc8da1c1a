/**
 * A page of another version of the protocol in one's network, through a real relay: the doctor says
 * what is wrong, nobody tries without end, and those of one version go on.
 */
import type { Libp2p } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { afterEach, expect, test } from "vitest";
import type { DistributedDatabase } from "../../../src/client/api.ts";
import {
  createDistributedDb,
  createLibP2PNetwork,
  InMemoryAdapter,
} from "../../../src/index.node.ts";
import type { Carrier } from "../../../src/core/net/carrier.ts";
import { startHostileRelay } from "../../support/hostileRelay.ts";
import {
  createCleanup,
  createSignal,
  startTestPeer,
  startTestRelay,
} from "../../support/nodePeers.ts";
import { startStranger } from "../../support/strangers.ts";
import { rowsOnce } from "../../support/twoPeers.ts";
import { untilDiagnosed } from "../../support/untilDiagnosed.ts";

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
  const refusal = await untilDiagnosed(cleanup, database, ({ reason }) => reason === "refused");
  expect(refusal).toMatchObject({ step: "peer", subject: older.peerId, detail: "version" });

  // Meanwhile those of one version meet as ever
  await database.collection(notes).insert({ id: "kept" });
  const newer = await open();
  await rowsOnce(newer.collection(notes), {}, (rows) => rows.length === 1);
  expect(older.channels.length).toBeLessThan(5);
});

test("who speaks an older protocol is spoken with by nobody, and the doctor says why", async () => {
  const named: string[] = [];
  const relay = await startHostileRelay(cleanup, () => named);
  const carrier = createLibP2PNetwork({ relays: [relay.address] });
  let self = "";
  const start: Carrier["start"] = async (privateKey) => {
    const identity = await carrier.start(privateKey);
    self = identity.peerId;
    return identity;
  };
  const database = createDistributedDb({
    adapter: new InMemoryAdapter(),
    distributed: { enabled: true, network: { ...carrier, start } },
  });
  cleanup.add(() => database.shutdown());
  await database.createNetwork({ networkId, name: "Team", encryption: { sharedSecret } });
  await untilDiagnosed(cleanup, database, ({ reason }) => reason === "nobody-named");

  const older = await startAfter(self, `${relay.address}/p2p-circuit`);
  let said = 0;
  await older.handle("/nebulusdb/0.9.0", (stream) => {
    said += 1;
    stream.abort(new Error("nobody was to speak it"));
  });
  const subject = older.peerId.toString();
  named.push(subject);
  relay.tellAll();
  const step = await untilDiagnosed(
    cleanup,
    database,
    ({ state, step: of }) => [of, state].join() === "peer,failed",
  );
  expect(step).toMatchObject({ subject, reason: "other-version" });
  expect(said).toBe(0);
  // Nor does it get in by itself
  const back = older.dialProtocol(
    multiaddr(`${relay.address}/p2p-circuit/p2p/${self}`),
    "/nebulusdb/0.9.0",
    { runOnLimitedConnection: true },
  );
  await expect(back).rejects.toMatchObject({ name: "UnsupportedProtocolError" });
  expect(database.getNetworkManager().getConnectedPeers()).toEqual([]);
});

/** Of a greater id, so that the other dials it. */
const startAfter = async (other: string, listen: string): Promise<Libp2p> => {
  const { libp2p } = await startStranger(cleanup, [listen]);
  return libp2p.peerId.toString() > other ? libp2p : startAfter(other, listen);
};
