/** How others are found, as an application asks for it: checked, kept, handed to the network. */
import { afterEach, expect, test } from "vitest";
import type { DistributedDatabase, DistributedOptions } from "../../../src/client/api.ts";
import type { Carry } from "../../../src/client/connection.ts";
import { createDatabase } from "../../../src/client/database.ts";
import { createLocalConnection } from "../../../src/client/localConnection.ts";
import type { ConnectionSettings, Discovery } from "../../../src/core/wire/connection.ts";
import { InMemoryAdapter } from "../../../src/storage/memory.ts";
import { createLocalEngine } from "../../../src/worker/localEngine.ts";
import { Told } from "../../contract/api/live.ts";

const open: DistributedDatabase[] = [];
afterEach(async () => {
  for (const database of open.splice(0)) await database.shutdown().catch(() => undefined);
});

interface Start {
  readonly settings: ConnectionSettings;
  readonly discovery: Discovery;
}

const openWith = (
  distributed: Omit<DistributedOptions, "enabled">,
  adapter = new InMemoryAdapter(),
) => {
  const started = new Told<Start>();
  const carry: Carry = (_service, settings, discovery) => {
    started.note({ settings, discovery });
    return Promise.resolve(() => Promise.resolve());
  };
  const engine = createLocalEngine(adapter);
  const database = createDatabase(
    { name: "discovery", distributed: { enabled: true, ...distributed } },
    {
      connect: () => createLocalConnection(Promise.resolve(engine)),
      ...{ worker: false, page: null, carry },
    },
  );
  const warnings: string[] = [];
  database.on("warning", (text) => warnings.push(text));
  open.push(database);
  return { database, started, warnings };
};

const relay = "/dns/relay.example/tcp/443/tls/ws";

test("P-091 P-150 G-086 P-085 what is asked for reaches the network", async () => {
  const usual = openWith({});
  expect((await usual.started.nth(1)).discovery).toMatchObject({
    ...{ rendezvous: true, dht: true, interval: 60_000, dialTimeout: 20_000 },
  });
  const { started } = openWith({
    discovery: { rendezvous: false, interval: 5_000 },
    dialTimeout: 1_000,
  });
  expect((await started.nth(1)).discovery).toMatchObject({
    ...{ rendezvous: false, dht: true, interval: 5_000, dialTimeout: 1_000 },
  });
});

test("T-066 G-170 without bootstrap no relay of that list is dialled", async () => {
  const named = { networkId: "one", name: "One", bootstrapPeers: [relay] };
  const dialling = openWith({});
  await dialling.started.nth(1);
  await dialling.database.createNetwork({ ...named, discovery: { bootstrap: false } });
  await dialling.database.createNetwork({ ...named, networkId: "two" });
  expect((await dialling.started.nth(2)).settings.relays).toEqual([relay]);
  expect(dialling.database.getNetworkManager().getNetworks()).toMatchObject([
    { networkId: "one", bootstrapPeers: [relay], discovery: { bootstrap: false, mdns: true } },
    { networkId: "two", discovery: { bootstrap: true, mdns: true } },
  ]);

  const quiet = openWith({ bootstrapPeers: [relay], discovery: { bootstrap: false } });
  await quiet.database.createNetwork(named);
  await quiet.database.shutdown();
  expect(quiet.started.all.map(({ settings }) => settings.relays)).toEqual([[]]);
});

test("C-09 T-065 P-055 K-130 P-081 what a page cannot do is accepted and told", async () => {
  const asked = { quic: true, port: 4001, bindAddress: "0.0.0.0", discovery: { mdns: true } };
  const { database, warnings } = openWith(asked);
  await database.ready;
  expect(warnings.map((text) => text.split(" ")[0])).toEqual([
    ...["distributed.quic", "distributed.port", "distributed.bindAddress"],
    "distributed.discovery.mdns",
  ]);
  expect(database.capabilities()).toMatchObject({
    ...{ quic: false, listen: false, mdns: false, tcp: false, dhtServer: false },
  });
  const silent = openWith({ quic: false, discovery: { mdns: false } });
  await silent.database.ready;
  expect(silent.warnings).toEqual([]);
});

test.each([
  [{ discovery: { dht: "yes" } }, "distributed.discovery.dht"],
  [{ discovery: { gossip: true } }, "distributed.discovery.gossip"],
  [{ discovery: { interval: 10 } }, "distributed.discovery.interval"],
  [{ discovery: { interval: 1e12 } }, "distributed.discovery.interval"],
  [{ discovery: { rendezvous: 1 } }, "distributed.discovery.rendezvous"],
  [{ discovery: "all" }, "distributed.discovery"],
  [{ dialTimeout: 1 }, "distributed.dialTimeout"],
  [{ dialTimeout: 1.5e3 + 0.5 }, "distributed.dialTimeout"],
])("%j is refused, with its place", async (distributed, path) => {
  // What a program in JavaScript may pass
  const { database } = openWith(distributed as DistributedOptions);
  await expect(database.ready).rejects.toMatchObject({ code: "InvalidArgument", path });
});

test.each([
  [{ dht: true }, "discovery.dht"],
  [{ bootstrap: 1 }, "discovery.bootstrap"],
  [[], "discovery"],
])("of a network %j is refused, with its place", async (asked, path) => {
  const { database } = openWith({});
  // What a program in JavaScript may pass
  const discovery = asked as object;
  const network = { networkId: "one", name: "One", discovery };
  await expect(database.createNetwork(network)).rejects.toMatchObject({
    ...{ code: "InvalidArgument", path },
  });
});

test("relays named with a network are of the session, those set for it are kept", async () => {
  const adapter = new InMemoryAdapter();
  const first = openWith({}, adapter);
  const named = { networkId: "one", name: "One", bootstrapPeers: [relay] };
  await first.database.createNetwork({ ...named, discovery: { bootstrap: false } });
  const kept = "/dns/kept.example/tcp/443/tls/ws";
  await first.database.getNetworkManager().setNetworkRelays("one", [kept]);
  await first.database.shutdown();
  const again = openWith({}, adapter);
  expect((await again.started.nth(1)).settings.relays).toEqual([]);
  expect(again.database.getNetworkManager().getNetworks()).toMatchObject([
    { bootstrapPeers: [], relays: [kept], discovery: { bootstrap: true, mdns: true } },
  ]);
});
