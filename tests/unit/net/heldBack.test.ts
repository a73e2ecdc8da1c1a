/** Channels of one connection that runs through a relay: streams of yamux. */
import { afterEach, describe } from "vitest";
import { heldBackCases } from "../../contract/heldBack.ts";
import { createCleanup, startTestNode, startTestRelay } from "../../support/nodePeers.ts";
import type { RunningRelay } from "../../../relay/start.ts";

const cleanup = createCleanup();
let relay: RunningRelay | null = null;
afterEach(async () => {
  await cleanup.run();
  relay = null;
});

describe("through a relay", () => {
  heldBackCases({
    open: async () => {
      relay ??= await startTestRelay(cleanup);
      const node = await startTestNode([relay]);
      cleanup.add(() => node.stop());
      return node;
    },
    path: "relayed",
  });
});
