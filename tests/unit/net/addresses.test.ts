/** Multiaddresses as text. */
import { multiaddr } from "@multiformats/multiaddr";
import { expect, test } from "vitest";
import { relayOfOrigin } from "../../../src/core/net/relayAddress.ts";
import { directAddress, pathOf, relayedAddress } from "../../../src/net/addresses.ts";

const relay = "12D3KooWFzTtBLmAQRpLfQDtaFXLQyzSZus2g9KKsu5gnpTiGHEV";
const peer = "12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5";

test.each([
  ["http://localhost:5173", "/dns/localhost/tcp/5173/ws"],
  ["http://192.168.1.7:5173", "/ip4/192.168.1.7/tcp/5173/ws"],
  ["http://[::1]:8080", "/ip6/::1/tcp/8080/ws"],
  ["https://notes.example.org", "/dns/notes.example.org/tcp/443/tls/ws"],
  ["http://notes.example.org", "/dns/notes.example.org/tcp/80/ws"],
])("the relay of a page from %s is %s", (origin, address) => {
  expect(relayOfOrigin(new URL(origin))).toBe(address);
  expect(multiaddr(address).toString()).toBe(address);
});

test("an address says whether a relay stands between", () => {
  const circuit = `/ip4/127.0.0.1/tcp/5173/ws/p2p/${relay}`;
  expect(pathOf(directAddress(circuit, peer))).toBe("direct");
  expect(pathOf(relayedAddress(circuit, peer))).toBe("relayed");
  // How the answering side of WebRTC sees it, and a plain WebSocket.
  expect(pathOf(`/webrtc/p2p/${peer}`)).toBe("direct");
  expect(pathOf(circuit)).toBe("direct");
  for (const toPeer of [directAddress, relayedAddress]) {
    expect(multiaddr(toPeer(circuit, peer)).toString()).toBe(toPeer(circuit, peer));
  }
});
