/** The API's databases, their plugins and schemas, in process over memory. */
import { afterEach, describe } from "vitest";
import { createDistributedDb, InMemoryAdapter } from "../../../src/index.node.ts";
import { createApiBench } from "../../contract/api/bench.ts";
import {
  abortCases,
  firstDocumentCases,
  lifeCases,
  openingCases,
} from "../../contract/api/database.ts";
import { pluginCases, schemaCases } from "../../contract/api/plugins.ts";

const adapter = new InMemoryAdapter();
const bench = createApiBench((options) => createDistributedDb({ ...options, adapter }));
afterEach(() => bench.clean());

describe("opening", () => {
  openingCases(bench);
});
describe("life", () => {
  lifeCases(bench);
});
describe("first documents", () => {
  firstDocumentCases(bench);
});
describe("aborting", () => {
  abortCases(bench);
});
describe("plugins", () => {
  pluginCases(bench);
});
describe("schemas", () => {
  schemaCases(bench);
});
