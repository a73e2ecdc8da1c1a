/** From where an address can be dialled, and so which relays of others a page uses or names. */
import { expect, test } from "vitest";
import { isKeptFrom, reachOf, refusalOf } from "../../../../src/core/net/relayReach.ts";

test.each([
  ["machine", "localhost app.localhost LOCALHOST. 127.0.0.1 127.9.9.9 0.0.0.0 ::1 ::"],
  ["machine", "::ffff:127.0.0.1 ::7f00:1 0:0:0:0:0:0:0:1 ::ffff:7f00:1 64:ff9b::127.0.0.1"],
  ["site", "10.1.2.3 172.16.0.1 172.31.9.9 192.168.1.5 169.254.1.1 100.64.0.1 100.127.9.9"],
  ["site", "fritz.box.local nas router.lan a.internal b.home.arpa fd00::1 fe80::1 fc12:3::4"],
  ["site", "::ffff:192.168.1.5 64:ff9b::10.0.0.1"],
  ["world", "8.8.8.8 172.15.0.1 172.32.0.1 192.169.0.1 100.63.0.1 100.128.0.1 169.253.0.1"],
  ["world", "relay.example localhost.example local.example 2001:db8::1 2001:db8:0:0:0:0:0:1"],
  ["world", "::ffff:8.8.8.8 64:ff9b::8.8.8.8 fec0::1"],
])("%s is as far as %s reach", (reach, hosts) => {
  for (const host of hosts.split(" ")) expect(`${host} ${reachOf(host)}`).toBe(`${host} ${reach}`);
});

const home = "/ip4/192.168.1.5/tcp/5173/ws";
const here = "/dns/localhost/tcp/5173/ws";
const there = "/dns/relay.example/tcp/443/tls/ws";

test("a page uses no address that is narrower than its own, nor one that it is kept from", () => {
  const verdicts = (page: string | null): unknown => [
    ...[here, home, there, "/dns/relay.example/tcp/80/ws"].map((each) => refusalOf(each, page)),
  ];
  expect(verdicts("http://localhost:5173/")).toEqual([null, null, null, null]);
  expect(verdicts("http://[::1]:5173/")).toEqual([null, null, null, null]);
  expect(verdicts("http://192.168.1.7:5173/")).toEqual(["narrower", null, null, null]);
  expect(verdicts("https://nas.local/")).toEqual(["narrower", "plain", null, "plain"]);
  expect(verdicts("http://app.example/")).toEqual(["narrower", "narrower", null, null]);
  expect(verdicts("https://app.example/x/")).toEqual(["narrower", "narrower", null, "plain"]);
  expect(verdicts(null)).toEqual(["narrower", null, null, null]);
});

test.each([
  "",
  "relay.example",
  "/ip4/8.8.8.8/tcp/4001",
  "/ip4/8.8.8.8/udp/443/quic-v1",
  "/dns/relay.example/tcp/0/ws",
  "/dns/relay.example/tcp/70000/ws",
  "/dns/relay.example/tcp/443/wss/p2p-circuit/p2p/12D3",
  "/dns/user@relay.example/tcp/443/wss",
  "/dns/relay.example:80/tcp/443/wss",
  "/dns/relay.example?x/tcp/443/wss",
  "/dns/127.1/tcp/80/ws",
  "/dns/2130706433/tcp/80/ws",
  "/dns/0x7f.1/tcp/80/ws",
  "/dns/a.0x7f000001/tcp/80/ws",
  "/ip4/300.1.1.1/tcp/80/ws",
  "/ip4/0.0.0.0/tcp/80/ws",
  "/ip4/224.0.0.1/tcp/80/ws",
  "/ip4/localhost/tcp/80/ws",
  "/ip6/8.8.8.8/tcp/80/ws",
  "/ip6/zz::1/tcp/80/ws",
  `/dns/${"a".repeat(600)}.example/tcp/443/wss`,
])("not dialled from anywhere: %s", (address) => {
  expect(refusalOf(address, "http://localhost:5173/")).toBe("undialable");
});

test("a page that came over https reaches relays over TLS, and those of its own machine", () => {
  expect(isKeptFrom(home, "https:")).toBe(true);
  expect(isKeptFrom(home, "http:")).toBe(false);
  for (const reached of [there, "/dns/relay/tcp/443/wss", "/ip4/127.0.0.1/tcp/5173/ws", here]) {
    expect(isKeptFrom(reached, "https:")).toBe(false);
  }
});
