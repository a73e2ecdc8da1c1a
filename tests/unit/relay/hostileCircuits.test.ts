/**
 * A relay that swaps peers, changes what it carries, or says again what it recorded: Noise runs
 * from end to end, so that nobody is let in, nothing that was not sent is read, and what two pages
 * agree on about WebRTC, its fingerprints among it, is theirs alone.
 */
import { afterEach, describe, expect, test } from "vitest";
import {
  createDistributedDb,
  createLibP2PNetwork,
  InMemoryAdapter,
} from "../../../src/index.node.ts";
import { startHostileRelay, type HostileRelay } from "../../support/hostileRelay.ts";
import {
  createCleanup,
  createSignal,
  startTestPeer,
  startTestRelay,
  type TestPeer,
} from "../../support/nodePeers.ts";
import { createRandom } from "../../support/random.ts";
import { untilDiagnosed } from "../../support/untilDiagnosed.ts";
import { rowsOnce } from "../../support/twoPeers.ts";

const cleanup = createCleanup();
afterEach(() => cleanup.run());

const tag = "e".repeat(32);

const startRelay = (): Promise<HostileRelay> => startHostileRelay(cleanup, (_, pages) => pages);

const startPeers = async (
  count: number,
  relays: Parameters<typeof startTestPeer>[1],
): Promise<readonly TestPeer[]> => {
  const peers = await Promise.all(
    Array.from({ length: count }, () => startTestPeer(cleanup, relays)),
  );
  for (const peer of peers) {
    await peer.until(({ relays: all }) => all.every(({ state }) => state === "reserved"));
  }
  return peers.toSorted((a, b) => (a.peerId < b.peerId ? -1 : 1));
};

/** Everybody is the next of them. */
const nextOf = (peers: readonly TestPeer[]) => (peer: string) => {
  const at = peers.findIndex(({ peerId }) => peerId === peer);
  return peers[(at + 1) % peers.length]?.peerId ?? peer;
};

/** Who connects to others has tried each of them in vain. */
const untilTriedInVain = async (peers: readonly TestPeer[]): Promise<void> => {
  await Promise.all(
    peers.map((peer) =>
      peer.until(
        (status) =>
          status.peers.length === peers.length - 1 &&
          status.peers.every(({ isDialer, fault }) => !isDialer || fault === "any"),
      ),
    ),
  );
};

test.each(["lead", "claim"] as const)(
  "P-034 P-112 ids that a relay swaps (%s) bring nobody together",
  async (how) => {
    const relay = await startRelay();
    const peers = await startPeers(3, [relay.address]);
    relay.circuits[how] = nextOf(peers);
    for (const peer of peers) peer.setTags([tag]);
    await untilTriedInVain(peers);
    for (const { channels } of peers) expect(channels).toEqual([]);
  },
);

test("whom one relay swaps, another one brings together", async () => {
  const [hostile, honest] = [await startRelay(), await startTestRelay(cleanup)];
  const peers = await startPeers(3, [hostile.address, honest]);
  hostile.circuits.lead = nextOf(peers);
  for (const peer of peers) peer.setTags([tag]);
  for (const peer of peers) {
    await peer.until(({ peers: met }) => met.filter(({ path }) => path === "relayed").length === 2);
  }
});

test("what was recorded of a circuit lets nobody in when it is said again", async () => {
  const relay = await startRelay();
  const [one, two] = await startPeers(2, [relay.address]);
  if (one === undefined || two === undefined) throw new Error("two");
  for (const peer of [one, two]) peer.setTags([tag]);
  const [here, there] = await Promise.all([one.channel(0), two.channel(0)]);
  await here.channel.send(Uint8Array.of(10, 1));
  await there.received(1);
  // By the side that dialed
  await relay.circuits.replay(two.peerId);
  await here.channel.send(Uint8Array.of(10, 2));
  expect(await there.received(2)).toEqual([Uint8Array.of(10, 1), Uint8Array.of(10, 2)]);
  expect([one.channels.length, two.channels.length]).toEqual([1, 1]);
});

const flipOne = (message: Uint8Array, seed: number): Uint8Array => {
  const random = createRandom(seed);
  const changed = message.slice();
  const at = random.integer(changed.length);
  changed[at] = (changed[at] ?? 0) ^ (1 << random.integer(8));
  return changed;
};

describe("while two agree on their keys", () => {
  test.each(
    (["there", "back"] as const).flatMap((way) => [0, 1, 2].map((at) => [way, at] as const)),
  )("a bit that is changed on the way %s, in message %i, ends it", async (way, at) => {
    const relay = await startRelay();
    const peers = await startPeers(2, [relay.address]);
    let changed = 0;
    relay.circuits.pass = (message, which, direction) => {
      if (direction !== way || which !== at) return [message];
      changed += 1;
      return [flipOne(message, 100 * at + changed)];
    };
    for (const peer of peers) peer.setTags([tag]);
    await untilTriedInVain(peers);
    expect(changed).toBeGreaterThan(0);
    for (const { channels } of peers) expect(channels).toEqual([]);
  });
});

describe("once they have", () => {
  const seeds = [1, 2, 3];
  const crimes: readonly (readonly [string, (message: Uint8Array) => readonly Uint8Array[]])[] = [
    ...seeds.map((seed) => [`changed, by ${seed}`, (m: Uint8Array) => [flipOne(m, seed)]] as const),
    ["doubled", (message) => [message, message]],
    ["lost", () => []],
    ["cut short", (message) => [message.subarray(0, -1)]],
  ];
  test.each(crimes)("what is %s on the way is not read, and ends it", async (_, crime) => {
    const relay = await startRelay();
    const [one, two] = await startPeers(2, [relay.address]);
    if (one === undefined || two === undefined) throw new Error("two");
    for (const peer of [one, two]) peer.setTags([tag]);
    const [here, there] = await Promise.all([one.channel(0), two.channel(0)]);
    await here.channel.send(Uint8Array.of(10, 1));
    await there.received(1);
    let isDone = false;
    relay.circuits.pass = (message, _at, way) => {
      if (way === "back" || isDone) return [message];
      isDone = true;
      return crime(message);
    };
    const sent = [2, 3, 4].map((n) => here.channel.send(Uint8Array.of(10, n)));
    await Promise.allSettled(sent);
    await Promise.all([here.closed, there.closed]);
    expect(isDone).toBe(true);
    // What came whole before it may have been read, and nothing after it
    expect(there.frames.map(([, n]) => n)).toEqual([1, 2, 3, 4].slice(0, there.frames.length));
    expect(there.frames.length).toBeLessThan(4);
    const [again, met] = await Promise.all([one.channel(1), two.channel(1)]);
    await again.channel.send(Uint8Array.of(10, 5));
    expect(await met.received(1)).toEqual([Uint8Array.of(10, 5)]);
  });
});

test("whom a relay swaps with a third reads nothing, and is told that nobody answers", async () => {
  const relay = await startRelay();
  const tagged = createSignal();
  let tags: readonly string[] = [];
  const open = async () => {
    const carrier = createLibP2PNetwork({ relays: [relay.address] });
    const database = createDistributedDb({
      adapter: new InMemoryAdapter(),
      distributed: {
        enabled: true,
        network: {
          ...carrier,
          setTags: (wanted, named) => {
            tags = wanted;
            carrier.setTags(wanted, named);
            tagged.raise();
          },
        },
      },
    });
    cleanup.add(() => database.shutdown());
    const encryption = { sharedSecret: "a secret of these tests, long enough" };
    await database.createNetwork({ networkId: "team", name: "Team", encryption });
    const notes = database.collection("notes");
    await database.addCollectionToNetwork("team", "notes");
    return { database, notes };
  };
  const third = await startTestPeer(cleanup, [relay.address]);
  await third.until(({ relays: [first] }) => first?.state === "reserved");
  relay.circuits.lead = () => third.peerId;
  const [one, two] = [await open(), await open()];
  await tagged.until(() => tags.length > 0);
  await one.notes.insert({ id: "1", text: "canary" });
  const silent = await Promise.any(
    [one, two].map(({ database }) =>
      untilDiagnosed(
        cleanup,
        database,
        ({ step, reason }) => step === "peer" && reason === "silent",
      ),
    ),
  );
  expect(silent).toMatchObject({ state: "failed" });
  expect(third.channels).toEqual([]);
  expect(await two.notes.count()).toBe(0);
  for (const { database } of [one, two]) {
    expect(database.getNetworkManager().getConnectedPeers()).toEqual([]);
  }

  relay.circuits.lead = (to) => to;
  await rowsOnce(two.notes, {}, (rows) => rows.length === 1);
});
