/** The API's documents, in process over memory. */
import { afterEach, describe } from "vitest";
import { createDistributedDb, InMemoryAdapter } from "../../../src/index.node.ts";
import { createApiBench } from "../../contract/api/bench.ts";
import { badInputCases, batchCases, insertCases } from "../../contract/api/documents.ts";
import { deleteCases, modifyCases, updateCases } from "../../contract/api/writes.ts";

const adapter = new InMemoryAdapter();
const bench = createApiBench((options) => createDistributedDb({ ...options, adapter }));
afterEach(() => bench.clean());

describe("insert", () => {
  insertCases(bench);
});
describe("batches", () => {
  batchCases(bench);
});
describe("bad input", () => {
  badInputCases(bench);
});
describe("update", () => {
  updateCases(bench);
});
describe("modify", () => {
  modifyCases(bench);
});
describe("delete", () => {
  deleteCases(bench);
});
