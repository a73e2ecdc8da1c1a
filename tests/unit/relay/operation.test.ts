/** What a relay tells whoever runs it: whether it is ready, and how much passes. */
import { generateKeyPair } from "@libp2p/crypto/keys";
import { multiaddr } from "@multiformats/multiaddr";
import { connect, type Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { afterEach, expect, test } from "vitest";
import { createCounts } from "../../../relay/counts.ts";
import { limits } from "../../../relay/limits.ts";
import { createPublicServer } from "../../../relay/server.ts";
import type { RunningRelay } from "../../../relay/start.ts";
import { createStaticFiles } from "../../../relay/static.ts";
import { createRelayedLibp2p } from "../../../src/net/libp2p.ts";
import {
  createCleanup,
  startTestPeer,
  startTestRelay,
  temporaryDirectory,
  type TestPeer,
} from "../../support/nodePeers.ts";
import { readMetrics, untilMetric } from "../../support/relayMetrics.ts";
import { startRelayProcess } from "../../support/relayProcess.ts";

const cleanup = createCleanup();
afterEach(() => cleanup.run());

const prefix = "nebulus_relay_";
const tag = "d".repeat(32);

const statusOf = async (port: number, path: string): Promise<readonly [number, unknown]> => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return [response.status, await response.json()];
};

test("a server is ready only while libp2p listens behind it", async () => {
  const server = createPublicServer({
    files: createStaticFiles(await temporaryDirectory(cleanup)),
    counts: createCounts(),
    log: () => undefined,
  });
  const port = await server.listen(0, "127.0.0.1");
  cleanup.add(() => server.close());
  expect(await statusOf(port, "/readyz")).toEqual([503, { status: "starting" }]);
  // It lives, though.
  expect(await statusOf(port, "/healthz")).toEqual([200, { status: "starting" }]);

  let isListening = false;
  server.setBehind({
    internalPort: 1,
    isListening: () => isListening,
    description: {},
    standing: () => ({ pages: 0 }),
    metrics: null,
  });
  expect(await statusOf(port, "/readyz")).toEqual([503, { status: "not listening" }]);
  isListening = true;
  expect(await statusOf(port, "/readyz")).toEqual([200, { status: "ready" }]);
  expect(await statusOf(port, "/healthz")).toEqual([200, { status: "ok", pages: 0 }]);
  expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(404);

  server.setStopping();
  expect(await statusOf(port, "/readyz")).toEqual([503, { status: "stopping" }]);
  expect(await statusOf(port, "/healthz")).toEqual([200, { status: "stopping" }]);
});

test("a relay is ready, and /metrics can be left out", async () => {
  const relay = await startTestRelay(cleanup, { metrics: false });
  expect(await statusOf(relay.port, "/readyz")).toEqual([200, { status: "ready" }]);
  expect((await fetch(`http://127.0.0.1:${relay.port}/metrics`)).status).toBe(404);
});

/** Two peers that have found each other, with a channel between them through the relay. */
const startPair = async (relay: RunningRelay): Promise<readonly [TestPeer, TestPeer]> => {
  const pair = [
    await startTestPeer(cleanup, [relay]),
    await startTestPeer(cleanup, [relay]),
  ] as const;
  for (const peer of pair) peer.setTags([tag]);
  await Promise.all(pair.map((peer) => peer.channel(0)));
  return pair;
};

test("what passes is counted: who is there, what is relayed, what is told", async () => {
  const relay = await startTestRelay(cleanup);
  const before = await readMetrics(relay.port);
  const [one, two] = await startPair(relay);
  const [channel, other] = [await one.channel(0), await two.channel(0)];
  const frameBytes = 200_000;
  await channel.channel.send(new Uint8Array(frameBytes));
  await other.received(1);

  const after = await readMetrics(relay.port);
  const grown = (name: string): number => after.of(prefix + name) - before.of(prefix + name);
  expect(after.of(`${prefix}connections`)).toBe(2);
  expect(after.of(`${prefix}pages`)).toBe(2);
  expect(after.of(`${prefix}reservations`)).toBe(2);
  expect(after.of(`${prefix}relayed_connections`)).toBe(1);
  expect(grown("connections_total")).toBe(2);
  expect(grown("relayed_connections_total")).toBeGreaterThanOrEqual(1);
  // The frame, its seals, and little besides.
  expect(grown("relayed_bytes_total")).toBeGreaterThan(frameBytes);
  expect(grown("relayed_bytes_total")).toBeLessThan(frameBytes + 50_000);
  expect(grown("registrations_total")).toBeGreaterThanOrEqual(2);
  expect(grown("pushes_total")).toBeGreaterThanOrEqual(2);
  expect(grown('http_requests_total{status="200"}')).toBe(1);
  for (const peer of [one, two]) expect(after.text).not.toContain(peer.peerId);
  expect(after.text).not.toContain(tag);
  expect(after.of("process_resident_memory_bytes")).toBeGreaterThan(1_000_000);
});

test("the place of a page that has gone is free at once, not hours later", async () => {
  const relay = await startTestRelay(cleanup, { reservationsMax: 1 });
  for (let at = 0; at < 3; at += 1) {
    const libp2p = await createRelayedLibp2p({
      privateKey: await generateKeyPair("Ed25519"),
      relayCount: 1,
    });
    cleanup.add(() => libp2p.stop());
    const reserved = new Promise<void>((resolve) => {
      libp2p.addEventListener("self:peer:update", ({ detail }) => {
        const own = detail.peer.addresses.map(({ multiaddr: address }) => address.toString());
        if (own.some((address) => address.includes("/p2p-circuit"))) resolve();
      });
    });
    await libp2p.dial(multiaddr(relay.addresses[0]));
    await reserved;
    await libp2p.stop();
    await untilMetric(relay.port, `${prefix}reservations`, 0);
  }
});

const upgraded = async (relay: Pick<RunningRelay, "port">): Promise<Socket> => {
  const socket = connect(relay.port, "127.0.0.1");
  socket.write(
    "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
  );
  await new Promise<void>((resolve) => {
    socket.once("data", () => {
      resolve();
    });
  });
  return socket;
};

/** A masked binary message of this length begins, and so many bytes of it come. */
const beginMessage = (length: number, bytes: number): Buffer => {
  const header = Buffer.alloc(14);
  header.set([0x82, 0xff]);
  header.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([header, Buffer.alloc(bytes)]);
};

test.each([
  ["announces a message of more than the relay holds", limits.messageBytesMax + 1, 0],
  ["says much without being a peer", limits.messageBytesMax, limits.guestBytesMax],
])("a browser that %s is sent away", async (_, length, bytes) => {
  const relay = await startTestRelay(cleanup);
  const socket = await upgraded(relay);
  cleanup.add(() => socket.destroy());
  const closed = new Promise((resolve) => {
    socket.once("close", resolve);
  });
  socket.on("error", () => undefined);
  socket.resume();
  socket.write(beginMessage(length, bytes));
  await closed;
  const metrics = await readMetrics(relay.port);
  expect(metrics.of(`${prefix}sockets_refused_total{reason="oversize"}`)).toBe(1);
});

test("sockets that say nothing make room for those that do", async () => {
  const relay = await startTestRelay(cleanup);
  const pair = await startPair(relay);
  const silent = Array.from({ length: limits.guestsMax + 100 }, () => {
    const socket = connect(relay.port, "127.0.0.1");
    socket.on("error", () => undefined);
    return socket;
  });
  cleanup.add(() => {
    for (const socket of silent) socket.destroy();
  });
  // The first to come are the first to go.
  await Promise.all(silent.slice(0, 50).map((socket) => buffer(socket)));
  const metrics = await readMetrics(relay.port);
  expect(metrics.of(`${prefix}sockets_refused_total{reason="evicted"}`)).toBeGreaterThanOrEqual(50);
  // Who was a peer before is one still.
  const [one, two] = [await pair[0].channel(0), await pair[1].channel(0)];
  await one.channel.send(Uint8Array.of(7));
  expect(await two.received(1)).toEqual([Uint8Array.of(7)]);
});

test("a frame that breaks the rules of WebSockets ends its socket, not the relay", async () => {
  const data = await temporaryDirectory(cleanup);
  const relay = await startRelayProcess(["--port", "0", "--static", data, "--data", data]);
  cleanup.add(() => relay.stop());
  // A reserved bit, a frame that is not masked, an opcode that is none, a text that is no UTF-8.
  for (const bytes of [
    [0xf2, 0x80, 0, 0, 0, 0],
    [0x82, 0x00],
    [0x83, 0x80, 0, 0, 0, 0],
    [0x81, 0x81, 0, 0, 0, 0, 0xff],
  ]) {
    const socket = await upgraded(relay);
    socket.on("error", () => undefined);
    socket.resume();
    const closed = new Promise((resolve) => {
      socket.once("close", resolve);
    });
    socket.write(Uint8Array.from(bytes));
    await closed;
  }
  expect(await statusOf(relay.port, "/readyz")).toEqual([200, { status: "ready" }]);
});
