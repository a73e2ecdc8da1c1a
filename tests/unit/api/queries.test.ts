/** The API's queries, live ones too, in process over memory. */
import { afterEach, describe } from "vitest";
import { createDistributedDb, InMemoryAdapter } from "../../../src/index.node.ts";
import { createApiBench } from "../../contract/api/bench.ts";
import { liveCases } from "../../contract/api/live.ts";
import { queryCases } from "../../contract/api/queries.ts";

const adapter = new InMemoryAdapter();
const bench = createApiBench((options) => createDistributedDb({ ...options, adapter }));
afterEach(() => bench.clean());

describe("queries", () => {
  queryCases(bench);
});
describe("live queries", () => {
  liveCases(bench);
});
