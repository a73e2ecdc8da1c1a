/**
 * Databases that meet in one page as those of several would: each in a worker of its own, with a
 * node of its own in the page, over WebRTC and a real relay.
 */
import { valueOf } from "../../src/client/answer.ts";
import { connectWorker } from "../../src/client/connect.ts";
import type { Carry } from "../../src/client/connection.ts";
import { createDatabase } from "../../src/client/database.ts";
import { createPage } from "../../src/client/page.ts";
import { createBridge } from "../../src/net/bridge.ts";
import { createPageNode } from "../../src/net/node.ts";
import type { PeerBench } from "../contract/api/peers.ts";
import { createSeparation, type End } from "./separation.ts";

let names = 0;

export const createPagePeers = (relays: readonly string[]): PeerBench => {
  const separation = createSeparation();
  const open: PeerBench["open"] = (options) =>
    separation.open((end) =>
      createDatabase(
        { ...options, distributed: { enabled: true, bootstrapPeers: [...relays] } },
        { connect: connectWorker, worker: true, page: { ...createPage(), carry: carryTo(end) } },
      ),
    );
  return {
    open: (options = {}) => open({ name: `peer-${Date.now()}-${++names}`, ...options }),
    reopen: (database) => open({ name: database.name }),
    apart(...groups) {
      separation.separate(groups);
    },
    together() {
      separation.separate(null);
    },
    clean: separation.clean,
  };
};

/** As a page does it (`src/client/page.ts`), but for whom the node refuses. */
const carryTo =
  (end: End): Carry =>
  async (service, { relays }) => {
    const { port1, port2 } = new MessageChannel();
    const bridge = createBridge(port1, async (privateKey) => {
      const node = await createPageNode({ relays, privateKey, connectivity: window });
      end.started(node.peerId, (peers) => {
        node.setRefused(peers);
      });
      return { ...node, setRefused: end.setRefused };
    });
    valueOf(await service.carry(port2));
    return () => bridge.stop();
  };
