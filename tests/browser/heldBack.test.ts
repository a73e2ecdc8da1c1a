/** Channels of one connection over WebRTC: data channels, each with a stream of SCTP. */
import { afterEach, describe, inject } from "vitest";
import { createPageNode } from "../../src/net/node.ts";
import type { RelayedNode } from "../../src/net/relayedNode.ts";
import { heldBackCases } from "../contract/heldBack.ts";

const nodes: RelayedNode[] = [];
afterEach(async () => {
  for (const node of nodes.splice(0)) await node.stop();
});

describe("over WebRTC", () => {
  heldBackCases({
    open: async () => {
      const relays = [`/ip4/127.0.0.1/tcp/${inject("relayPort")}/ws`];
      const node = await createPageNode({ relays, privateKey: null });
      nodes.push(node);
      return node;
    },
    path: "direct",
  });
});
