/**
 * What every storage adapter promises (src/storage/store.ts), as one suite: memory runs it in Node,
 * IndexedDB in Chromium. An adapter that passes may stand under the engine.
 */
import { afterEach, beforeEach, describe } from "vitest";
import type { StorageAdapter } from "../../src/storage/store.ts";
import { createBench, home, other } from "./storeBench.ts";
import { journalTests, metaTests, segmentTests } from "./storeData.ts";
import { pageTests } from "./storePages.ts";
import { batchTests, copyTests, endingTests, openingTests } from "./storeLife.ts";

/** `makeAdapter` runs before each test. Names are the suite's own; it destroys what it made. */
export const storeContract = (
  name: string,
  makeAdapter: () => StorageAdapter | Promise<StorageAdapter>,
): void => {
  describe(`store contract: ${name}`, () => {
    const bench = createBench();
    beforeEach(async () => {
      bench.adapter = await makeAdapter();
    });
    afterEach(async () => {
      await bench.adapter.destroy(home);
      await bench.adapter.destroy(other);
    });
    describe("journal", () => {
      journalTests(bench);
    });
    describe("segments", () => {
      segmentTests(bench);
    });
    describe("pages", () => {
      pageTests(bench);
    });
    describe("meta", () => {
      metaTests(bench);
    });
    describe("batches", () => {
      batchTests(bench);
    });
    describe("openings", () => {
      openingTests(bench);
    });
    describe("replaced, destroyed, closed", () => {
      endingTests(bench);
    });
    describe("bytes are copied", () => {
      copyTests(bench);
    });
  });
};
