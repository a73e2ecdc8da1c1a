/**
 * A relay that lies, withholds, floods and turns to pages as a peer itself: nobody is let in,
 * nothing is read, those whom an honest relay names are met, and the doctor says what it can know.
 */
import { generateKeyPair } from "@libp2p/crypto/keys";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { afterEach, expect, test } from "vitest";
import {
  channelsMax,
  frameBytesMax,
  rendezvousPeersPerTagMax,
} from "../../../src/core/base/limits.ts";
import {
  createDistributedDb,
  createLibP2PNetwork,
  InMemoryAdapter,
} from "../../../src/index.node.ts";
import { systemClock } from "../../../src/net/clock.ts";
import { createFrameStream } from "../../../src/net/frameStream.ts";
import { startHostileRelay } from "../../support/hostileRelay.ts";
import { createCleanup, record, startTestPeer, startTestRelay } from "../../support/nodePeers.ts";
import { rowsOnce } from "../../support/twoPeers.ts";
import { untilDiagnosed } from "../../support/untilDiagnosed.ts";

const cleanup = createCleanup();
afterEach(() => cleanup.run());

const tag = "e".repeat(32);

const strangers = (count: number): Promise<readonly string[]> =>
  Promise.all(
    Array.from({ length: count }, async () =>
      peerIdFromPrivateKey(await generateKeyPair("Ed25519")).toString(),
    ),
  );

test("a flood of false ids keeps nobody from whom an honest relay names", async () => {
  const tags = [tag, "f".repeat(32)];
  const nobodies = new Map<string, readonly string[]>();
  for (const each of tags) nobodies.set(each, await strangers(rendezvousPeersPerTagMax - 2));
  // More than a page can keep in mind
  expect([...nobodies.values()].flat().length).toBeGreaterThan(channelsMax);
  const hostile = await startHostileRelay(cleanup, (asker, _, each) => [
    ...(nobodies.get(each) ?? []),
    ...[asker, "no id at all"],
  ]);
  const honest = await startTestRelay(cleanup);
  const relays = [hostile.address, honest] as const;
  const [one, two] = [await startTestPeer(cleanup, relays), await startTestPeer(cleanup, relays)];
  for (const peer of [one, two]) peer.setTags(tags);
  const [here] = await Promise.all([one.channel(0), two.channel(0)]);
  expect(here.channel.remotePeer).toBe(two.peerId);
  // It has no peer but the one that there is
  for (const { channels } of [one, two]) expect(channels).toHaveLength(1);
});

test("a relay that withholds, then comes as a peer, learns and gives nothing", async () => {
  let isSilent = true;
  const hostile = await startHostileRelay(cleanup, (_, pages) => (isSilent ? [] : pages));
  const open = async () => {
    const database = createDistributedDb({
      adapter: new InMemoryAdapter(),
      distributed: {
        enabled: true,
        network: createLibP2PNetwork({ relays: [hostile.address] }),
      },
    });
    cleanup.add(() => database.shutdown());
    const encryption = { sharedSecret: "a secret of these tests, long enough" };
    await database.createNetwork({ networkId: "team", name: "Team", encryption });
    const notes = database.collection("notes");
    await database.addCollectionToNetwork("team", "notes");
    return { database, notes, manager: database.getNetworkManager() };
  };
  const one = await open();
  await one.notes.insert({ id: "1", text: "canary" });
  const two = await open();
  await untilDiagnosed(cleanup, one.database, ({ reason }) => reason === "nobody-named");

  // Random bytes are all that it hears for an answer, whatever it says
  const [page] = [...hostile.pages.values()];
  if (page === undefined) throw new Error("no page came");
  const stream = await page.newStream("/nebulusdb/1.0.0");
  const frames = createFrameStream({ stream, clock: systemClock, frameBytesMax });
  const heard = record(frames);
  await frames.send(Uint8Array.of(1, 0x83, 1, 0x58, 32, ...new Uint8Array(32), 0x80));
  await heard.received(1);
  await frames.send(Uint8Array.of(1, ...new Uint8Array(32).fill(7)));
  const answers = await heard.received(2);
  await frames.send(Uint8Array.of(1, ...new Uint8Array(100).fill(7)));
  await heard.closed;
  expect(answers.map((frame) => frame.length)).toEqual([answers[0]?.length, 33]);
  for (const { manager } of [one, two]) expect(manager.getConnectedPeers()).toEqual([]);

  isSilent = false;
  hostile.tellAll();
  await rowsOnce(two.notes, {}, (rows) => rows.length === 1);
  const refusals = await Promise.all([one, two].map(({ database }) => database.health()));
  expect(refusals.flatMap((each) => Object.keys(each.refusals))).toContain(
    "greeting: no-common-network",
  );
});
