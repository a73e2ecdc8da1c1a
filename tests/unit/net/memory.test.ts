/** The in-memory network: what libp2p would do, on virtual time. */
import { expect, test } from "vitest";
import { NebulusError } from "../../../src/core/base/errors.ts";
import { channelsPerPeerMax } from "../../../src/core/base/limits.ts";
import type { PeerChannel } from "../../../src/core/net/carrier.ts";
import {
  createMemoryHub,
  type MemoryHubOptions,
  type MemoryNetwork,
} from "../../../src/net/memory.ts";

/** Timers that run in the order of their time, when told to. */
const createVirtualTimers = () => {
  let now = 0;
  let order = 0;
  let queue: { readonly at: number; readonly order: number; readonly run: () => void }[] = [];
  return {
    after: (milliseconds: number, run: () => void) => {
      const entry = { at: now + milliseconds, order: order++, run };
      queue.push(entry);
      return () => {
        queue = queue.filter((other) => other !== entry);
      };
    },
    run: (milliseconds: number) => {
      const end = now + milliseconds;
      for (;;) {
        queue.sort((a, b) => a.at - b.at || a.order - b.order);
        const next = queue[0];
        if (next === undefined || next.at > end) break;
        queue.shift();
        now = next.at;
        next.run();
      }
      now = end;
    },
  };
};

interface Peer {
  readonly network: MemoryNetwork;
  readonly channels: PeerChannel[];
  readonly heard: string[];
  readonly open: () => number;
  peers: readonly string[];
}

const createScene = (count: number, options: MemoryHubOptions = {}) => {
  const timers = createVirtualTimers();
  const hub = createMemoryHub({ timers, ...options });
  const peers = Array.from({ length: count }, (): Peer => {
    const network = hub.network();
    const closed = new Set<PeerChannel>();
    const channels: PeerChannel[] = [];
    const peer: Peer = {
      ...{ network, channels, heard: [], peers: [] },
      open: () => channels.length - closed.size,
    };
    network.onStatus((status) => {
      peer.peers = status.peers.map((other) => other.peer);
    });
    network.onChannel((channel) => {
      channels.push(channel);
      channel.onFrame((frame) => peer.heard.push(String(frame[0])));
      channel.onClose(() => closed.add(channel));
    });
    return peer;
  });
  return { timers, hub, peers };
};

const startAll = async (peers: readonly Peer[], tags = ["aa"]): Promise<void> => {
  for (const { network } of peers) {
    network.setTags(tags);
    await network.start(null);
  }
};

const codeOf = (sending: Promise<void>): Promise<string> =>
  sending.then(
    () => "sent",
    (error: unknown) => (error instanceof NebulusError ? error.code : "other"),
  );

const only = <T>(list: readonly T[]): T => {
  const [item] = list;
  if (item === undefined || list.length > 1) throw new Error(`one item expected`);
  return item;
};

test("peers under a common tag are linked once, and the smaller id opens", async () => {
  const { timers, peers } = createScene(3);
  await startAll(peers.slice(0, 2));
  await startAll(peers.slice(2), ["bb"]);
  timers.run(10);
  expect(peers.map((peer) => peer.open())).toEqual([1, 1, 0]);
  const [a, b] = [only(peers[0]?.channels ?? []), only(peers[1]?.channels ?? [])];
  expect([a.remotePeer, a.remotePeerBytes]).toEqual([b.localPeer, b.localPeerBytes]);
  expect(a.initiator).toBe(a.localPeer < b.localPeer);
  expect(b.initiator).toBe(!a.initiator);
  expect(peers[0]?.peers).toEqual([b.localPeer]);
  peers[2]?.network.setTags(["cc", "aa"]);
  timers.run(10);
  expect(peers.map((peer) => peer.open())).toEqual([2, 2, 2]);
});

test("who turns a peer away is linked with it one at a time, ever more rarely", async () => {
  const { timers, hub, peers } = createScene(2);
  for (const { network } of peers) {
    network.onChannel((channel) => {
      channel.close();
    });
  }
  await startAll(peers);
  const linkedIn = (seconds: number): number => {
    const before = hub.stats().linked;
    for (let second = 0; second < seconds; second++) {
      // As a page does with the day
      for (const { network } of peers) network.setTags(["aa"]);
      timers.run(1_000);
    }
    return hub.stats().linked - before;
  };
  expect(linkedIn(10)).toBeGreaterThan(4);
  linkedIn(60);
  expect(linkedIn(160)).toBeLessThan(12);
});

test("frames arrive as copies, in order, at the other end only", async () => {
  const { timers, peers } = createScene(2, { delayMs: 5 });
  await startAll(peers);
  timers.run(10);
  const [a, b] = peers;
  const frame = Uint8Array.of(1);
  const sent = only(a?.channels ?? []).send(frame);
  frame[0] = 9;
  await sent;
  for (let byte = 2; byte < 50; byte++) await only(a?.channels ?? []).send(Uint8Array.of(byte));
  expect(b?.heard).toEqual([]);
  timers.run(5);
  expect(b?.heard).toEqual(Array.from({ length: 49 }, (_, at) => String(at + 1)));
  expect(a?.heard).toEqual([]);
});

test("frames that come before their handler wait for it", async () => {
  const { timers, peers } = createScene(2);
  const late: string[] = [];
  peers[1]?.network.onChannel((channel) => {
    timers.after(100, () => {
      channel.onFrame((frame) => late.push(String(frame[0])));
    });
  });
  await startAll(peers);
  timers.run(10);
  await only(peers[0]?.channels ?? []).send(Uint8Array.of(7));
  timers.run(50);
  expect(late).toEqual([]);
  timers.run(100);
  expect(late).toEqual(["7"]);
});

test("empty and overlong frames and a closed channel are refused", async () => {
  const { timers, peers } = createScene(2);
  await startAll(peers);
  timers.run(10);
  const channel = only(peers[0]?.channels ?? []);
  expect(await codeOf(channel.send(new Uint8Array(0)))).toBe("TooLarge");
  expect(await codeOf(channel.send(new Uint8Array(262_145)))).toBe("TooLarge");
  channel.close();
  expect(await codeOf(channel.send(Uint8Array.of(1)))).toBe("PeerUnreachable");
});

test("what was accepted before a close arrives; then peers are linked anew", async () => {
  const { timers, hub, peers } = createScene(2, { delayMs: 5 });
  await startAll(peers);
  timers.run(10);
  const channel = only(peers[0]?.channels ?? []);
  await channel.send(Uint8Array.of(1));
  channel.close();
  channel.close();
  expect(peers.map((peer) => peer.open())).toEqual([0, 1]);
  timers.run(5);
  expect(peers[1]?.heard).toEqual(["1"]);
  expect(peers.map((peer) => peer.open())).toEqual([0, 0]);
  timers.run(1_005);
  expect(peers.map((peer) => peer.open())).toEqual([1, 1]);
  expect(hub.stats()).toMatchObject({ linked: 2, open: 1 });
});

test("a partition cuts links and what is on them, until it heals", async () => {
  const { timers, hub, peers } = createScene(3, { delayMs: 5 });
  await startAll(peers);
  timers.run(10);
  const [a, b, c] = peers;
  if (a === undefined || b === undefined || c === undefined) throw new Error("three peers");
  for (const channel of a.channels) await channel.send(Uint8Array.of(3));
  hub.partition([[a.network, b.network], [c.network]]);
  timers.run(5_000);
  expect(peers.map((peer) => peer.open())).toEqual([1, 1, 0]);
  expect([b.heard, c.heard]).toEqual([["3"], []]);
  hub.heal();
  timers.run(10);
  expect(peers.map((peer) => peer.open())).toEqual([2, 2, 2]);
});

test("a stopped network is gone, and comes back under the key it had", async () => {
  const { timers, peers } = createScene(2);
  await startAll(peers);
  timers.run(10);
  const [a, b] = peers;
  if (a === undefined || b === undefined) throw new Error("two peers");
  const { localPeer } = only(a.channels);
  const { privateKey } = await createMemoryHub({ seed: 5 }).network().start(null);
  a.network.stop();
  timers.run(5_000);
  expect([a.open(), b.open(), b.peers]).toEqual([0, 0, []]);
  const again = await a.network.start(privateKey);
  timers.run(10);
  expect(again.peerId).not.toBe(localPeer);
  expect(b.channels.at(-1)?.remotePeer).toBe(again.peerId);
  expect((await a.network.start(privateKey)).peerId).toBe(again.peerId);
});

test("two networks of one key are never linked", async () => {
  const { timers, peers } = createScene(2);
  for (const { network } of peers) {
    network.setTags(["aa"]);
    await network.start(new Uint8Array(32));
  }
  timers.run(5_000);
  expect(peers.map((peer) => peer.open())).toEqual([0, 0]);
});

test("faults happen as often as asked, and alike for the same seed", async () => {
  const play = async (seed: number) => {
    const { timers, hub, peers } = createScene(2, {
      seed,
      loss: 0.2,
      duplicate: 0.1,
      reorder: 0.3,
    });
    await startAll(peers);
    timers.run(10);
    for (let at = 0; at < 1_000; at++) await peers[0]?.channels[0]?.send(Uint8Array.of(at % 250));
    hub.setFaults({ loss: 0, duplicate: 0, reorder: 0 });
    timers.run(1_000);
    return { heard: peers[1]?.heard ?? [], stats: hub.stats() };
  };
  const first = await play(3);
  expect(await play(3)).toEqual(first);
  expect((await play(4)).heard).not.toEqual(first.heard);
  const { lost, duplicated, reordered, frames } = first.stats;
  expect(frames).toBe(1_000);
  expect(first.heard.length).toBe(frames - lost + duplicated);
  for (const [count, wanted] of [
    [lost, 200],
    [duplicated, 80],
    [reordered, 240],
  ] as const) {
    expect(Math.abs(count - wanted)).toBeLessThan(50);
  }
});

test("a sender waits while a reader does not take what came", async () => {
  const { timers, peers } = createScene(2);
  const got: PeerChannel[] = [];
  peers[1]?.network.onChannel((channel) => got.push(channel));
  await startAll(peers);
  timers.run(10);
  let accepted = 0;
  const channel = only(peers[0]?.channels ?? []);
  for (let at = 0; at < 64; at++) {
    void channel.send(new Uint8Array(262_144).fill(1)).then(() => accepted++);
  }
  timers.run(100);
  await Promise.resolve();
  expect(accepted).toBe(32);
  only(got).onFrame(() => undefined);
  timers.run(100);
  await Promise.resolve();
  expect(accepted).toBe(64);
});

test("either end opens further channels; one that closes leaves the others", async () => {
  const { timers, peers, hub } = createScene(2);
  await startAll(peers);
  timers.run(10);
  const [a, b] = peers;
  if (a === undefined || b === undefined) throw new Error("two");
  a.channels[0]?.another();
  timers.run(10);
  b.channels[0]?.another();
  timers.run(10);
  const kinds = (peer: Peer) => peer.channels.map((each) => [each.initiator, each.isBeside]);
  const isFirst = a.channels[0]?.initiator;
  expect(kinds(a)).toEqual([
    [isFirst, false],
    [true, true],
    [false, true],
  ]);
  expect(kinds(b)).toEqual([
    [!isFirst, false],
    [false, true],
    [true, true],
  ]);
  expect(a.peers).toEqual([b.channels[0]?.localPeer]);
  a.channels[0]?.close();
  timers.run(5_000);
  expect(hub.stats()).toMatchObject({ linked: 3, open: 2 });
  await b.channels[2]?.send(Uint8Array.of(7));
  timers.run(10);
  expect(a.heard).toEqual(["7"]);
  for (const channel of a.channels) channel.close();
  timers.run(10);
  expect(hub.stats().open).toBe(0);
  timers.run(5_000);
  expect(hub.stats()).toMatchObject({ linked: 4, open: 1 });
});

test("to one peer there are no more than so many channels", async () => {
  const { timers, peers, hub } = createScene(2);
  await startAll(peers);
  timers.run(10);
  for (let asked = 0; asked < 2 * channelsPerPeerMax; asked++) peers[0]?.channels[0]?.another();
  timers.run(10);
  expect(hub.stats().open).toBe(channelsPerPeerMax);
});
