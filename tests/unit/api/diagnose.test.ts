/** The connection doctor over whole databases: who is met, who is refused, and since when. */
import { afterEach, expect, test } from "vitest";
import type { DistributedDatabase } from "../../../src/client/api.ts";
import type { DiagnosisStep } from "../../../src/client/networkTypes.ts";
import type { Carrier } from "../../../src/core/net/carrier.ts";
import { createDistributedDb, InMemoryAdapter } from "../../../src/index.node.ts";
import { createPeers } from "../../support/twoPeers.ts";

const peers = createPeers();
afterEach(() => peers.clean());

const peerSteps = async (database: DistributedDatabase): Promise<readonly DiagnosisStep[]> =>
  (await database.getNetworkManager().diagnose()).filter(({ step }) => step === "peer");

/** Resolves with the steps about peers once one of them is so; asked at every event. */
const peerOnce = (
  database: DistributedDatabase,
  isSo: (step: DiagnosisStep) => boolean,
): Promise<DiagnosisStep> =>
  new Promise((resolve, reject) => {
    const look = (): void => {
      peerSteps(database).then((steps) => {
        const found = steps.find(isSo);
        if (found === undefined) return;
        for (const stop of stops) stop();
        resolve(found);
      }, reject);
    };
    const stops = [database.on("connection", look), database.on("networks", look)];
    look();
  });

test("who is met is told, by the name that peers have, and no more once it is gone", async () => {
  const [a, b] = [await peers.open(), await peers.open()];
  const step = await peerOnce(a.database, ({ state }) => state === "ok");
  const [peer] = a.database.getNetworkManager().getConnectedPeers();
  expect(step).toMatchObject({ reason: "memory", subject: peer?.transportId, detail: null });
  expect(step.since).toBeGreaterThan(0);
  const steps = await a.database.getNetworkManager().diagnose();
  expect(steps.map(({ step: name, state, reason }) => `${name} ${state} ${reason}`)).toEqual([
    ...["online skipped no-page", "network ok well", "webrtc skipped no-page", "peers ok well"],
    "peer ok memory",
  ]);
  const gone = new Promise<void>((resolve) => {
    const stop = a.database.on("connection", () => {
      void peerSteps(a.database).then((left) => {
        if (left.length > 0) return;
        stop();
        resolve();
      });
    });
  });
  await b.database.shutdown();
  await gone;
});

test("a greeting that came to nothing is told with what each side knows of it", async () => {
  // As if a relay lied about whom it names: they have no network in common
  const everywhere = (network: Carrier): Carrier => ({
    ...network,
    setTags: () => {
      network.setTags(["everybody"]);
    },
  });
  const team = await peers.open({ wrap: everywhere });
  const network = everywhere(peers.hub.network());
  const other = createDistributedDb({
    ...{ adapter: new InMemoryAdapter(), distributed: { enabled: true, network } },
  });
  const encryption = { sharedSecret: "another secret, of as many bytes at least" };
  await other.createNetwork({ networkId: "other", name: "Other", encryption });
  const details = await Promise.all(
    [team.database, other].map(async (database) => {
      const { state, detail } = await peerOnce(database, ({ reason }) => reason === "refused");
      return `${state} ${String(detail)}`;
    }),
  );
  // Who does not know the network that it is asked about hangs up, and says nothing
  expect(details.sort()).toEqual(["failed closed", "failed no-common-network"]);
  await other.shutdown();
});

test("a database without a network says that it is switched off", async () => {
  const database = createDistributedDb({ adapter: new InMemoryAdapter() });
  const steps = await database.getNetworkManager().diagnose();
  expect(steps.map(({ step, reason }) => `${step} ${reason}`)).toEqual([
    ...["online no-page", "network switched-off", "webrtc no-page"],
  ]);
  await database.shutdown();
});
