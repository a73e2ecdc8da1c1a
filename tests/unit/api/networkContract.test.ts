/** The network cases over memory. */
import { afterEach } from "vitest";
import { networkCases } from "../../contract/api/networks.ts";
import { createMemoryPeers } from "../../support/memoryPeers.ts";

const bench = createMemoryPeers();
afterEach(() => bench.clean());

networkCases(bench);
