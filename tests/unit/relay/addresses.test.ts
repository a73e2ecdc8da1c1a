/** Under which addresses others reach the relay. */
import { expect, test } from "vitest";
import { announcedAddresses, pageUrl } from "../../../relay/addresses.ts";

const interfaces = [
  { address: "127.0.0.1", family: "IPv4" },
  { address: "192.168.1.7", family: "IPv4" },
  { address: "2001:db8::7", family: "IPv6" },
  { address: "fe80::1", family: "IPv6" },
];

test.each([
  ["127.0.0.1", ["/ip4/127.0.0.1/tcp/80/ws"]],
  ["0.0.0.0", ["/ip4/127.0.0.1/tcp/80/ws", "/ip4/192.168.1.7/tcp/80/ws"]],
  ["::", ["/ip4/127.0.0.1/tcp/80/ws", "/ip4/192.168.1.7/tcp/80/ws", "/ip6/2001:db8::7/tcp/80/ws"]],
  ["relay.example.org", ["/dns/relay.example.org/tcp/80/ws"]],
])("listening at %s is announced as %j", (host, addresses) => {
  expect(announcedAddresses(host, 80, interfaces)).toEqual(addresses);
});

test.each([
  ["127.0.0.1", "http://localhost:5173"],
  ["0.0.0.0", "http://localhost:5173"],
  ["192.168.1.7", "http://192.168.1.7:5173"],
  ["2001:db8::7", "http://[2001:db8::7]:5173"],
])("at %s the page is %s", (host, url) => {
  expect(pageUrl(host, 5173)).toBe(url);
});
