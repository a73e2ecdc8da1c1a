/** The network cases as a page meets them: workers, WebRTC and a real relay. */
import { afterEach, describe, expect, inject, test } from "vitest";
import { networkCases } from "../contract/api/networks.ts";
import { managerOf, members, once, verified } from "../contract/api/peers.ts";
import { createPagePeers } from "../support/pagePeers.ts";

const bench = createPagePeers([`/ip4/127.0.0.1/tcp/${inject("relayPort")}/ws`]);
afterEach(() => bench.clean());

describe("over WebRTC, in a page", () => {
  networkCases(bench);
});

test("T-034 T-127 T-262 G-161 who was met through the relay is met directly", async () => {
  const three = await members(bench, 3);
  await verified(...three);
  const paths = three.map((each) =>
    once(each, () => {
      const peers = managerOf(each).getConnectedPeers();
      return peers.length === 2 && peers.every(({ path }) => path === "direct") ? peers : null;
    }),
  );
  await Promise.all(paths);
  // A hand-over may be seen from one side first
  await verified(...three);
  const met = managerOf(three[0] ?? bench.open()).getConnectedPeers();
  expect(met.map(({ layers }) => layers)).toEqual([
    ["webrtc", "dtls"],
    ["webrtc", "dtls"],
  ]);
});
