/** Relays of a network: kept on the device, asked about that network alone, gone with it. */
import { expect, test } from "vitest";
import { namedRelaysMax } from "../../../src/core/base/limits.ts";
import { beginJoining } from "../../../src/engine/closed/create.ts";
import { manage } from "../../../src/engine/closed/manage.ts";
import { leaveNetwork } from "../../../src/engine/membership.ts";
import { readNetworkRelays, tagsAtRelays } from "../../../src/engine/networkRelays.ts";
import type { RelayTags } from "../../../src/core/net/carrier.ts";
import { founder, invited, open, standing, team } from "./closedWorld.ts";
import { createWorld, type Device } from "./world.ts";

const relay = "/dns/relay.example/tcp/443/tls/ws";
const relaysOf = (device: Device): readonly string[] | undefined =>
  device.networks().find(({ networkId }) => networkId === team)?.relays;

test("an invite's relays are used while joining and over reloads, and then go", async () => {
  const told: { tags: readonly string[]; named: readonly RelayTags[] }[] = [];
  const world = createWorld(1, (network) => ({
    ...network,
    setTags: (tags, named = []) => {
      told.push({ tags, named });
      network.setTags(tags);
    },
  }));
  const a = await founder(world);
  const { link } = await invited(a);
  const b = await world.open();
  await beginJoining(b.engine, link, [relay]);
  b.opened.sync.refresh();
  expect(relaysOf(b)).toEqual([relay]);
  const [joining] = told.slice(-1);
  expect(joining?.named.map(({ relay: at }) => at)).toEqual([relay]);
  // Those of the other network are told to this device's own relays alone
  const tags = joining?.named[0]?.tags ?? [];
  expect(tags.length).toBeGreaterThan(0);
  expect(joining?.tags.length).toBeGreaterThan(tags.length);
  expect(joining?.tags).toEqual(expect.arrayContaining([...tags]));

  await world.until(() => standing(b) === "editor", "admitted");
  await b.reopen();
  await world.settle();
  expect(relaysOf(b)).toEqual([relay]);
  expect(told.at(-1)?.named.map(({ relay: at }) => at)).toEqual([relay]);

  await manage(b.engine, { kind: "relays", networkId: team, relays: [] });
  b.opened.sync.refresh();
  expect([relaysOf(b), told.at(-1)?.named]).toEqual([[], []]);
  await manage(b.engine, { kind: "relays", networkId: team, relays: [relay] });
  await leaveNetwork(b.engine, team);
  b.opened.sync.refresh();
  expect(told.at(-1)?.named).toEqual([]);
  await b.reopen();
  expect([...b.engine.registry.networks.relays()]).toEqual([]);
});

test("who gives up joining forgets the relays, and a link names those it was given", async () => {
  const world = createWorld();
  const a = await founder(world);
  const invite = { purpose: "member", role: "editor", uses: 1, name: null } as const;
  const { link } = await manage(a.engine, {
    ...{ kind: "invite", networkId: team, requestId: a.nextId(), relays: [relay] },
    invite: { ...invite, expiresInMs: null },
  });
  const b = await open(world);
  const joining = await beginJoining(b.engine, link ?? "", [relay]);
  expect(joining.invite.relays).toEqual([relay]);
  await leaveNetwork(b.engine, team);
  await b.reopen(undefined, { joined: false });
  expect([...b.engine.registry.networks.relays()]).toEqual([]);
});

test("a record that cannot be read names no relay", () => {
  const meta = new Map([
    ["relays/ab", Uint8Array.of(0x82, 1, 0x81, 0x61, 0x61)],
    ["relays/cd", Uint8Array.of(0x82, 2, 0x81, 0x61, 0x61)],
    ["relays/ef", Uint8Array.of(0xff)],
  ]);
  expect([...readNetworkRelays(meta)]).toEqual([["ab", ["a"]]]);
});

test("a relay that two networks name is asked about both, and there are not ever more", () => {
  const both = new Map([
    ["one", ["x"]],
    ["two", ["x", "y"]],
    ["left", ["z"]],
  ]);
  const tags = new Map([
    ["one", ["1"]],
    ["two", ["2"]],
  ]);
  expect(tagsAtRelays(both, (hash) => tags.get(hash) ?? [])).toEqual([
    { relay: "x", tags: ["1", "2"] },
    { relay: "y", tags: ["2"] },
  ]);
  const many = Array.from({ length: namedRelaysMax + 3 }, (_, at) => String(at));
  expect(tagsAtRelays(new Map([["one", many]]), () => ["1"])).toHaveLength(namedRelaysMax);
});
