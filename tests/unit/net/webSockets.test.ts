/** The WebSockets of a node in the page and in Node, where libp2p's own leave them open. */
import { generateKeyPair } from "@libp2p/crypto/keys";
import { multiaddr } from "@multiformats/multiaddr";
import { afterEach, expect, test, vi } from "vitest";
import { createRelayedLibp2p } from "../../../src/net/libp2p.ts";
import { createCleanup, startTestRelay } from "../../support/nodePeers.ts";

const cleanup = createCleanup();
afterEach(() => {
  vi.unstubAllGlobals();
  return cleanup.run();
});

test("a connection that is dropped closes its WebSocket at once", async () => {
  const sockets: WebSocket[] = [];
  class SeenWebSocket extends WebSocket {
    constructor(url: string) {
      super(url);
      sockets.push(this);
    }
  }
  vi.stubGlobal("WebSocket", SeenWebSocket);
  const { port } = await startTestRelay(cleanup);
  const privateKey = await generateKeyPair("Ed25519");
  const libp2p = await createRelayedLibp2p({ privateKey, relayCount: 0 });
  cleanup.add(() => libp2p.stop());
  const connection = await libp2p.dial(multiaddr(`/ip4/127.0.0.1/tcp/${port}/ws`));
  expect(sockets.map(({ readyState }) => readyState)).toEqual([WebSocket.OPEN]);
  connection.abort(new Error("the network is gone"));
  expect(sockets.map(({ readyState }) => readyState)).toEqual([WebSocket.CLOSING]);
});
