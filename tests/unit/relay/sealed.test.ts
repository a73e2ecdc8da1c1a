/**
 * What passes a real relay, and what it keeps of it: two databases share a closed network through
 * it, and nothing of theirs can be read on the wire, in its log, its metrics or its data directory.
 * In Node every byte between them goes through the relay, since WebRTC is missing.
 */
import { generateKeyPair, privateKeyToProtobuf } from "@libp2p/crypto/keys";
import { readdir, readFile } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { createDistributedDb, InMemoryAdapter } from "../../../src/index.node.ts";
import type { DistributedDatabase } from "../../../src/client/api.ts";
import type { Carrier, ChannelPath } from "../../../src/core/net/carrier.ts";
import { pathOf } from "../../../src/net/addresses.ts";
import { systemClock } from "../../../src/net/clock.ts";
import { createRelayedLibp2p } from "../../../src/net/libp2p.ts";
import { createPeerNode } from "../../../src/net/peerNode.ts";
import { createCleanup, temporaryDirectory } from "../../support/nodePeers.ts";
import { readMetrics } from "../../support/relayMetrics.ts";
import { startRelayProcess } from "../../support/relayProcess.ts";
import { rowsOnce, toldOnce } from "../../support/twoPeers.ts";

const cleanup = createCleanup();
afterEach(() => cleanup.run());

const words = ["team-of-canaries", "canary-collection", "canary text"] as const;
const [networkId, collection, text] = words;

test("T-250 P-005 nothing of what two share can be read on its way through a relay", async () => {
  const directory = await temporaryDirectory(cleanup);
  const relay = await startRelayProcess([
    ...["--port", "0", "--log-level", "info"],
    ...["--static", directory, "--data", directory],
  ]);
  cleanup.add(() => relay.stop());
  const wire = await startWire(relay.port);
  const [a, b] = [await startPeer(wire.port), await startPeer(wire.port)];

  await a.database.createNetwork({ networkId, name: "Title of canaries" });
  const here = a.database.collection<{ text: string }>(collection);
  await a.database.addCollectionToNetwork(networkId, collection);
  await here.insert({ id: "1", text });
  const invite = await a.database.invite(networkId);
  await b.database.joinNetwork(invite.url);
  await toldOnce(b.database, () => b.database.members(networkId).length === 2);
  const there = b.database.collection<{ text: string }>(collection);
  await b.database.addCollectionToNetwork(networkId, collection);
  expect(await rowsOnce(there, {}, (rows) => rows.length > 0)).toEqual([{ id: "1", text }]);

  for (const { database } of [a, b]) {
    const peers = database.getNetworkManager().getConnectedPeers();
    expect(peers.map(({ layers }) => layers)).toEqual([["websocket", "circuit", "noise", "yamux"]]);
  }
  // Sealed once for the relay, and within that once more for the other end alone
  for (const { encryptions } of [a, b]) {
    expect(encryptions()).toEqual(
      expect.arrayContaining([
        { encryption: "/noise", path: "direct" },
        { encryption: "/noise", path: "relayed" },
      ]),
    );
  }
  const seen = Buffer.concat(wire.fromRelay);
  // It is the wire that was looked at: how the sealing is agreed on stands there
  expect(seen.includes("/noise")).toBe(true);
  for (const word of [...words, "Title of canaries"]) expect(seen.includes(word)).toBe(false);

  const metrics = await readMetrics(relay.port);
  const kept = await Promise.all(
    (await readdir(directory)).map((name) => readFile(join(directory, name), "latin1")),
  );
  expect(await relay.stop()).toBe(0);
  // They met at this relay, and it counted it
  expect(metrics.of("nebulus_relay_relayed_connections_total")).toBeGreaterThan(0);
  expect(relay.said()).toContain('"event":"rendezvous opened"');
  // The key, and nothing else
  expect(kept).toHaveLength(1);
  const peers = [a, b].map(({ peerId }) => peerId);
  for (const word of [...words, "Title of canaries", ...peers]) {
    for (const place of [relay.said(), metrics.text, ...kept]) expect(place).not.toContain(word);
  }
});

interface RelayedPeer {
  readonly database: DistributedDatabase;
  readonly peerId: string;
  /** Of the connections that it has now. */
  readonly encryptions: () => readonly {
    readonly encryption: string | undefined;
    readonly path: ChannelPath;
  }[];
}

/** A database whose network is libp2p, over the relay at that port. */
const startPeer = async (port: number): Promise<RelayedPeer> => {
  const key = await generateKeyPair("Ed25519");
  const libp2p = await createRelayedLibp2p({ privateKey: key, relayCount: 1 });
  const relays = [`/ip4/127.0.0.1/tcp/${port}/ws`];
  const node = await createPeerNode({ libp2p, relays, clock: systemClock });
  const identity = { peerId: node.peerId, privateKey: privateKeyToProtobuf(key) };
  const carrier: Carrier = {
    ...node,
    start: () => Promise.resolve(identity),
    stop: () => {
      cleanup.add(() => node.stop());
    },
  };
  const database = createDistributedDb({
    adapter: new InMemoryAdapter(),
    distributed: { enabled: true, network: carrier },
  });
  cleanup.add(() => database.shutdown());
  return {
    database,
    peerId: node.peerId,
    encryptions: () =>
      libp2p.getConnections().map(({ encryption, remoteAddr }) => ({
        encryption,
        path: pathOf(remoteAddr.toString()),
      })),
  };
};

/**
 * Stands between the peers and the relay, and keeps what the relay says: what one peer sends to the
 * other is in it, and unlike what peers say it is not masked by the WebSocket.
 */
const startWire = async (
  port: number,
): Promise<{ readonly port: number; readonly fromRelay: readonly Buffer[] }> => {
  const fromRelay: Buffer[] = [];
  const sockets: Socket[] = [];
  const server = createServer((peer) => {
    const relay = connect(port, "127.0.0.1");
    sockets.push(peer, relay);
    for (const [one, other] of [
      [peer, relay],
      [relay, peer],
    ] as const) {
      one.on("error", () => other.destroy());
      one.pipe(other);
    }
    relay.on("data", (bytes: Buffer) => fromRelay.push(Buffer.from(bytes)));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  cleanup.add(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("it listens nowhere");
  return { port: address.port, fromRelay };
};
