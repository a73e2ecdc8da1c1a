/** The network cases over a transport that is written in a hundred lines (P-151). */
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { networkCases } from "../../contract/api/networks.ts";
import { createBroadcastNetwork } from "../../support/broadcastNetwork.ts";
import { createCarrierPeers } from "../../support/carrierPeers.ts";

const bench = createCarrierPeers(() => createBroadcastNetwork("nebulus-tests"));
afterEach(() => bench.clean());

describe("over a BroadcastChannel", () => {
  networkCases(bench);
});

test("P-151 a transport of one's own takes at most a hundred lines of code", () => {
  const path = new URL("../../support/broadcastNetwork.ts", import.meta.url);
  const lines = readFileSync(path, "utf8").split("\n");
  const isCode = (line: string): boolean => !/^\s*($|\/\*|\*|\/\/)/.test(line);
  expect(lines.filter(isCode).length).toBeLessThanOrEqual(100);
});
