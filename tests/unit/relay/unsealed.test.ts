/**
 * Nothing is spoken without Noise: who offers a relay or a peer a connection that is not sealed, or
 * no muxer that they know, gets none, and neither dials who offers nothing else. Real sockets.
 */
import { multiaddr } from "@multiformats/multiaddr";
import { afterEach, expect, test } from "vitest";
import type { RunningRelay } from "../../../relay/start.ts";
import {
  createCleanup,
  createSignal,
  startTestPeer,
  startTestRelay,
  type TestPeer,
} from "../../support/nodePeers.ts";
import { readMetrics } from "../../support/relayMetrics.ts";
import { otherMuxer, plaintext, startStranger, type Offer } from "../../support/strangers.ts";

const cleanup = createCleanup();
afterEach(() => cleanup.run());

const tag = "d".repeat(32);
const offers: readonly (readonly [string, (now: Offer) => Partial<Offer>])[] = [
  ["no encryption", () => ({ encrypters: [plaintext] })],
  ["another muxer", ({ muxers }) => ({ muxers: muxers.map(otherMuxer) })],
];

const addressOf = ({ addresses: [address] }: RunningRelay): string => {
  if (address === undefined) throw new Error("it is nowhere");
  return address;
};

const connectionsOf = async ({ port }: RunningRelay): Promise<number> =>
  (await readMetrics(port)).of("nebulus_relay_connections_total");

test.each([
  ...["/plaintext/2.0.0", "/tls/1.0.0", "/secio/1.0.0"],
  // Straight on, as if it were sealed already
  ...["/yamux/1.0.0", "/mplex/6.7.0", "/nebulusdb/1.0.0", "/ipfs/id/1.0.0"],
])(
  "T-037 G-078 P-114 a relay is asked to speak %s on a bare socket, and does not",
  async (name) => {
    const relay = await startTestRelay(cleanup);
    const raw = await openSocket(relay.port);
    raw.say(`/multistream/1.0.0`, name);
    expect(await raw.heard(2)).toEqual(["/multistream/1.0.0", "na"]);
    // Who goes on all the same is heard no further
    raw.socket.send(new Uint8Array(4_096));
    await raw.closed;
    expect(await connectionsOf(relay)).toBe(0);
  },
);

test.each(offers)("Q-146 P-096 with %s nobody gets to a relay", async (_, offer) => {
  const relay = await startTestRelay(cleanup);
  const stranger = await startStranger(cleanup);
  const at = multiaddr(addressOf(relay));
  stranger.offer(offer);
  await expect(stranger.libp2p.dial(at)).rejects.toThrow(/na|protocol|crypt|muxer/i);
  expect(await connectionsOf(relay)).toBe(0);
});

test("who offers both gets what is sealed, whatever it names first", async () => {
  const relay = await startTestRelay(cleanup);
  const stranger = await startStranger(cleanup);
  stranger.offer(({ encrypters }) => ({ encrypters: [plaintext, ...encrypters] }));
  const { encryption, multiplexer } = await stranger.libp2p.dial(multiaddr(addressOf(relay)));
  expect([encryption, multiplexer]).toEqual(["/noise", "/yamux/1.0.0"]);
});

test.each(offers)("Q-146 P-096 with %s nobody gets to a peer, nor it to them", async (_, offer) => {
  const relay = await startTestRelay(cleanup);
  const circuit = `${addressOf(relay)}/p2p-circuit`;
  const peer = await startTestPeer(cleanup, [relay]);
  peer.setTags([tag]);
  await peer.until(({ relays: [first] }) => first?.state === "reserved");
  // It is let in to the relay, as anybody who speaks Noise
  const stranger = await startStranger(cleanup, [circuit]);
  stranger.offer(offer);
  const dialed = stranger.libp2p.dial(multiaddr(`${circuit}/p2p/${peer.peerId}`));
  await expect(dialed).rejects.toThrow(/na|protocol|crypt|muxer|closed/i);
  const back = peer.connect(`${circuit}/p2p/${stranger.libp2p.peerId.toString()}`);
  await expect(back).rejects.toMatchObject({ code: "PeerUnreachable" });
  await expectNothingBut(peer, relay);
});

test.each(offers)("C-10 a relay that offers %s is none", async (_, offer) => {
  const relay = await startStranger(cleanup, ["/ip4/127.0.0.1/tcp/0/ws"]);
  relay.offer(offer);
  const [address] = relay.libp2p.getMultiaddrs();
  const peer = await startTestPeer(cleanup, [address?.toString() ?? ""]);
  await peer.until(({ relays: [first] }) => first?.fault === "unreachable");
  expect(relay.libp2p.getConnections()).toEqual([]);
});

/** No channel came, and those who speak its language still meet it. */
const expectNothingBut = async (peer: TestPeer, relay: RunningRelay): Promise<void> => {
  expect([peer.channels.length, peer.status().peers]).toEqual([0, []]);
  const friend = await startTestPeer(cleanup, [relay]);
  friend.setTags([tag]);
  const { channel } = await peer.channel(0);
  expect(channel.remotePeer).toBe(friend.peerId);
  expect(channel.layers).toEqual(["websocket", "circuit", "noise", "yamux"]);
};

interface RawSocket {
  readonly socket: WebSocket;
  /** Messages of multistream-select, in one. */
  readonly say: (...messages: readonly string[]) => void;
  /** Resolves with the first so many. */
  readonly heard: (count: number) => Promise<readonly string[]>;
  readonly closed: Promise<void>;
}

const openSocket = async (port: number): Promise<RawSocket> => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  socket.binaryType = "arraybuffer";
  cleanup.add(() => {
    socket.close();
  });
  const changed = createSignal();
  let text = "";
  socket.addEventListener("message", ({ data }: MessageEvent<ArrayBuffer>) => {
    text += new TextDecoder().decode(data);
    changed.raise();
  });
  const closed = new Promise<void>((resolve) => {
    socket.addEventListener("close", () => {
      resolve();
    });
  });
  await new Promise<unknown>((resolve) => {
    socket.addEventListener("open", resolve);
  });
  return {
    socket,
    closed,
    say: (...messages) => {
      const lines = messages.map((each) => `${String.fromCharCode(each.length + 1)}${each}\n`);
      socket.send(new TextEncoder().encode(lines.join("")));
    },
    heard: async (count) => {
      // Each begins with its length, which is no letter, and ends its line
      const lines = (): readonly string[] => text.split("\n").slice(0, -1);
      await changed.until(() => lines().length >= count);
      return lines().map((line) => line.slice(1));
    },
  };
};
