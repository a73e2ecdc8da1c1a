/** The API's transactions, in process over memory. */
import { afterEach } from "vitest";
import { createDistributedDb, InMemoryAdapter } from "../../../src/index.node.ts";
import { createApiBench } from "../../contract/api/bench.ts";
import { transactionCases } from "../../contract/api/transactions.ts";

const adapter = new InMemoryAdapter();
const bench = createApiBench((options) => createDistributedDb({ ...options, adapter }));
afterEach(() => bench.clean());

transactionCases(bench);
