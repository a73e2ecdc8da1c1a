/**
 * Parts that a call loads when it is made, while the server of the page is away: the call rejects
 * with `NotLoaded`, and the same call does it once the server is back.
 */
import { afterEach, expect, test, vi } from "vitest";
import type { DistributedDatabase } from "../../../src/client/api.ts";
import { createDistributedDb, createMemoryHub } from "../../../src/index.node.ts";
import { createApiBench } from "../../contract/api/bench.ts";

const bench = createApiBench(createDistributedDb);
afterEach(() => bench.clean());

const parts = {
  invitedRelays: "../../../src/client/invitedRelays.ts",
  qrPicture: "../../../src/client/qrPicture.ts",
  doctor: "../../../src/client/doctor.ts",
  connectionSettings: "../../../src/client/connectionSettings.ts",
} as const;

/** The call is made while the part is out of reach, and again once it is not. */
const whileAway = async (part: keyof typeof parts, call: () => Promise<unknown>): Promise<void> => {
  vi.resetModules();
  vi.doMock(parts[part], () => Promise.reject(new TypeError("Failed to fetch")));
  await expect(call()).rejects.toMatchObject({ code: "NotLoaded", retryable: true });
  vi.doUnmock(parts[part]);
  vi.resetModules();
};

const openTeam = async (): Promise<DistributedDatabase> => {
  const network = createMemoryHub().network();
  const database = bench.open({ distributed: { enabled: true, network } });
  await database.createNetwork({ networkId: "team", name: "Team" });
  return database;
};

test.each<readonly [keyof typeof parts, (database: DistributedDatabase) => Promise<unknown>]>([
  ["invitedRelays", (database) => database.invite("team")],
  ["invitedRelays", (database) => database.getNetworkManager().setNetworkRelays("team", [])],
  ["qrPicture", async (database) => (await database.invite("team")).qr()],
  ["doctor", (database) => database.getNetworkManager().diagnose()],
])("without its part %s a call rejects with NotLoaded, and works with it", async (part, call) => {
  const database = await openTeam();
  await whileAway(part, () => call(database));
  await call(database);
});

test("so do joining and settings", async () => {
  const { url } = await (await openTeam()).invite("team");
  const network = createMemoryHub().network();
  const database = bench.open({ distributed: { enabled: true, network } });
  await whileAway("invitedRelays", () => database.joinNetwork(url));
  await database.joinNetwork(url);

  const configure = (): Promise<void> => database.getNetworkManager().configureConnection({});
  await whileAway("connectionSettings", configure);
  // its network was handed in: what is refused now is refused by the part
  await expect(configure()).rejects.toMatchObject({ code: "NotSupported" });
});
