/**
 * More members over libp2p than may be connected with each other, who come and go a third at a
 * time: nobody has more connections than there are places, and what anyone wrote, those who went
 * included, is with everybody in the end. In Node, through a real relay.
 */
import { afterEach, expect, test } from "vitest";
import type { DistributedDatabase } from "../../../src/client/api.ts";
import { directPeersMax } from "../../../src/core/base/limits.ts";
import { createLibP2PNetwork } from "../../../src/index.node.ts";
import { documentsOnce, managerOf, member, rowsOf, users } from "../../contract/api/peers.ts";
import { createCarrierPeers } from "../../support/carrierPeers.ts";
import { createCleanup, startTestRelay } from "../../support/nodePeers.ts";
import { createRandom } from "../../support/random.ts";

const cleanup = createCleanup();
afterEach(() => cleanup.run());

const [count, leaving, rounds] = [12, 4, 2];

test("P-145 twelve with eight places each come and go, and hold the same", async () => {
  const { port } = await startTestRelay(cleanup);
  const bench = createCarrierPeers(() =>
    createLibP2PNetwork({ relays: [`/ip4/127.0.0.1/tcp/${port}/ws`] }),
  );
  cleanup.add(() => bench.clean());
  const random = createRandom(20_261_130);
  let most = 0;
  let written = 0;
  const here: DistributedDatabase[] = [];
  const join = async (): Promise<void> => {
    const database = await member(bench);
    database.on("networks", () => {
      most = Math.max(most, managerOf(database).getConnectedPeers().length);
    });
    here.push(database);
    await users(database).insert({});
    written += 1;
  };
  const settle = (): Promise<unknown> =>
    Promise.all(here.map((each) => documentsOnce(each, written)));

  await Promise.all(Array.from({ length: count }, join));
  await settle();
  for (let round = 0; round < rounds; round++) {
    const going = Array.from({ length: leaving }, () => {
      const [gone] = here.splice(random.integer(here.length), 1);
      return gone?.shutdown();
    });
    await Promise.all([...going, ...Array.from({ length: leaving }, join)]);
    await settle();
  }
  expect(here).toHaveLength(count);
  const [first, ...others] = await Promise.all(here.map(rowsOf));
  for (const rows of others) expect(rows).toEqual(first);
  // There were more of them than places, and all places were of use
  expect(most).toBeGreaterThan(directPeersMax / 2);
  expect(most).toBeLessThanOrEqual(directPeersMax);
}, 300_000);
