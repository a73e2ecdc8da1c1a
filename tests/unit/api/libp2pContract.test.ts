/**
 * The network cases over libp2p and a real relay, in Node: every channel is relayed. Over WebRTC
 * they need a browser.
 */
import { afterAll, afterEach, beforeAll, describe } from "vitest";
import { createLibP2PNetwork } from "../../../src/index.node.ts";
import { networkCases } from "../../contract/api/networks.ts";
import { createCarrierPeers } from "../../support/carrierPeers.ts";
import { createCleanup, startTestRelay } from "../../support/nodePeers.ts";

const cleanup = createCleanup();
const relays: string[] = [];
const bench = createCarrierPeers(() => createLibP2PNetwork({ relays }));

beforeAll(async () => {
  const { port } = await startTestRelay(cleanup);
  relays.push(`/ip4/127.0.0.1/tcp/${port}/ws`);
});
afterEach(() => bench.clean());
afterAll(() => cleanup.run());

describe("over libp2p", () => {
  networkCases(bench);
});
