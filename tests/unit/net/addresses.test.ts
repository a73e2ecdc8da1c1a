/** Multiaddresses as text. */
import { multiaddr } from "@multiformats/multiaddr";
import { expect, test } from "vitest";
import { relayOfOrigin } from "../../../src/core/net/relayAddress.ts";
import { directAddress, layersOf, pathOf, relayedAddress } from "../../../src/net/addresses.ts";

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

test("what a connection says of itself is what it is made of, and no more", () => {
  const circuit = `/dns/relay.example/tcp/443/tls/ws/p2p/${relay}`;
  const [noise, yamux] = ["/noise", "/yamux/1.0.0"];
  const of = (remoteAddress: string, encryption?: string, multiplexer?: string): string =>
    layersOf({ remoteAddress, encryption, multiplexer }).join(" ");
  expect(of(relayedAddress(circuit, peer), noise, yamux)).toBe("websocket tls circuit noise yamux");
  expect(of(`/ip4/127.0.0.1/tcp/1/ws/p2p/${relay}`, noise, yamux)).toBe("websocket noise yamux");
  expect(of(`/dns/relay.example/tcp/443/wss/p2p/${relay}`, noise)).toBe("websocket tls noise");
  for (const address of [directAddress(circuit, peer), `/webrtc/p2p/${peer}`]) {
    expect(of(address, "native", "/webrtc")).toBe("webrtc dtls");
    expect(of(address)).toBe("webrtc");
  }
  expect(of(circuit, "/plaintext/2.0.0", "/mplex/6.7.0")).toBe("websocket tls");
});
