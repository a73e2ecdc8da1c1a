/** Relays that know each other: by their settings, by their LAN, and nobody else. */
import { generateKeyPair } from "@libp2p/crypto/keys";
import { createSocket, type Socket } from "node:dgram";
import { multiaddr } from "@multiformats/multiaddr";
import { afterEach, expect, test } from "vitest";
import { limits } from "../../../relay/limits.ts";
import { createNeighbours } from "../../../relay/neighbours.ts";
import { createNode } from "../../../relay/node.ts";
import { Records } from "../../../relay/records.ts";
import { settingsWith } from "../../../relay/settings.ts";
import { startRelayServer } from "../../../relay/start.ts";
import { systemClock } from "../../../src/net/clock.ts";
import { createCleanup, startTestRelay, temporaryDirectory } from "../../support/nodePeers.ts";
import { untilMetric } from "../../support/relayMetrics.ts";

const cleanup = createCleanup();
afterEach(() => cleanup.run());

const relays = "nebulus_relay_relays";

test("a relay returns to another one that was away, by itself", async () => {
  const data = await temporaryDirectory(cleanup);
  const first = await startTestRelay(cleanup, { data });
  const second = await startTestRelay(cleanup, { bootstrap: first.addresses });
  await untilMetric(second.port, relays, 1);
  await first.stop();
  await untilMetric(second.port, relays, 0);
  await startTestRelay(cleanup, { data, port: first.port });
  await untilMetric(second.port, relays, 1);
});

test("relays that name each other, without peer ids and themselves too, all meet", async () => {
  const first = await startTestRelay(cleanup);
  const bare = (port: number): string => `/ip4/127.0.0.1/tcp/${port}/ws`;
  const second = await startTestRelay(cleanup, { bootstrap: [bare(first.port)] });
  await first.stop();
  const bootstrap = [bare(first.port), bare(second.port)];
  const third = await startTestRelay(cleanup, { port: first.port, bootstrap });
  await Promise.all([untilMetric(second.port, relays, 1), untilMetric(third.port, relays, 1)]);
});

test("only relays that it was told of are dialed, whatever strangers say", async () => {
  const [known, other] = [await startTestRelay(cleanup), await startTestRelay(cleanup)];
  const neighbours = createNeighbours({
    bootstrap: known.addresses,
    clock: systemClock,
    log: () => undefined,
  });
  const libp2p = await createNode({
    settings: settingsWith({}),
    privateKey: await generateKeyPair("Ed25519"),
    announce: [],
    neighbours,
    records: new Records(limits),
    mdnsFailed: () => undefined,
  });
  cleanup.add(() => libp2p.stop());
  await libp2p.start();
  neighbours.start(libp2p);
  // As it is told by what reads the settings
  neighbours.named({
    id: libp2p.peerId,
    multiaddrs: known.addresses.map((each) => multiaddr(each)),
  });
  cleanup.add(() => {
    neighbours.stop();
  });
  await libp2p.dial(multiaddr(known.addresses[0]));
  await expect(libp2p.dial(multiaddr(other.addresses[0]))).rejects.toThrow("denied");
});

test("T-036 relays that are named with their peer are met through @libp2p/bootstrap", async () => {
  const first = await startTestRelay(cleanup);
  const events: string[] = [];
  const settings = settingsWith({
    ...{ port: 0, bootstrap: first.addresses, data: await temporaryDirectory(cleanup) },
  });
  const second = await startRelayServer(settings, (event) => events.push(event));
  cleanup.add(() => second.stop());
  await untilMetric(second.port, relays, 1);
  // It dials itself what it was given; the other way nobody dials
  await untilMetric(first.port, relays, 0);
  expect(events).toContain("relay met");
});

test("T-035 a socket of mDNS that cannot be had is logged, and the relay goes on", async () => {
  const socket = createSocket({ type: "udp4", reuseAddr: false });
  cleanup.add(() => {
    socket.close();
  });
  // Whoever has it already keeps the relay from it too, unless they share it
  socket.on("error", () => undefined);
  await new Promise<void>((resolve) => {
    socket.once("error", () => {
      resolve();
    });
    socket.bind(5_353, "0.0.0.0", resolve);
  });
  const data = await temporaryDirectory(cleanup);
  const failed = new Promise<void>((resolve, reject) => {
    const settings = settingsWith({ ...{ port: 0, host: "0.0.0.0", mdnsSeconds: 1 }, data });
    startRelayServer(settings, (event) => {
      if (event === "mdns failed") resolve();
    }).then((relay) => {
      cleanup.add(() => relay.stop());
    }, reject);
  });
  await failed;
});

test("T-035 G-080 G-101 two relays of one LAN find each other", async (context) => {
  const problem = await multicastProblem();
  context.skip(problem !== null, `multicast does not work on this machine: ${problem ?? ""}`);
  const onLan = { host: "0.0.0.0", mdnsSeconds: 1 };
  const [one, two] = [await startTestRelay(cleanup, onLan), await startTestRelay(cleanup, onLan)];
  await Promise.all([untilMetric(one.port, relays, 1), untilMetric(two.port, relays, 1)]);
});

/** Null if what this machine sends to the group of mDNS comes back to it. */
const multicastProblem = async (): Promise<string | null> => {
  const group = "224.0.0.251";
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  cleanup.add(() => {
    socket.close();
  });
  const heard = new Promise<string | null>((resolve) => {
    socket.once("error", ({ message }) => {
      resolve(message);
    });
    socket.once("message", () => {
      resolve(null);
    });
    AbortSignal.timeout(2_000).addEventListener("abort", () => {
      resolve("what is sent does not come back");
    });
  });
  await bound(socket);
  try {
    socket.addMembership(group);
    socket.setMulticastLoopback(true);
    socket.send("nebulus", socket.address().port, group);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return heard;
};

const bound = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.bind(0, resolve);
  });
