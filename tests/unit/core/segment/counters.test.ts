/** Counting by reason. */
import { expect, test } from "vitest";
import { createSegmentCounters } from "../../../../src/core/segment/counters.ts";

test("everything that did not go smoothly is counted by reason", () => {
  const counters = createSegmentCounters();
  expect(counters.snapshot()).toEqual({
    refused: {},
    waits: {},
    evicted: {},
    "no-op": {},
    repair: {},
  });
  counters.count("refused", "signature");
  counters.count("refused", "epoch");
  counters.count("refused", "signature");
  counters.count("no-op", "body-form", 256);
  const snapshot = counters.snapshot();
  expect(snapshot).toEqual({
    repair: {},
    refused: { epoch: 1, signature: 2 },
    waits: {},
    evicted: {},
    "no-op": { "body-form": 256 },
  });
  expect(Object.keys(snapshot.refused)).toEqual(["epoch", "signature"]);
  counters.count("waits", "header");
  expect(snapshot.waits).toEqual({});
});
