/** What the result files become in charts. */
import { expect, test } from "vitest";
import { groupsOfPage, groupsOfPeers } from "../../bench/charts/bars.ts";

const peers = {
  schema: 1,
  run: { time: "2026-01-01T00:00:00Z", commit: null, browser: "Chromium" },
  participants: [
    { name: "nebulus", title: "NebulusDB" },
    { name: "other", title: "Other" },
  ],
  workloads: [
    { name: "bulk", title: "bulk insert", kind: "rate" },
    { name: "disk", title: "bytes on disk", kind: "bytes" },
    { name: "never", title: "never run", kind: "time" },
  ],
  medians: [
    { participant: "nebulus", workload: "bulk", documents: 1_000, score: 9 },
    { participant: "nebulus", workload: "bulk", documents: 100_000, score: 5_000 },
    { participant: "other", workload: "bulk", documents: 100_000, score: 7_000 },
    { participant: "nebulus", workload: "disk", documents: 10, score: 2_000_000 },
    { participant: "other", workload: "disk", documents: 10, score: null },
  ],
};

test("one group a workload at its greatest size, the best first, of what has numbers", () => {
  expect(groupsOfPeers(JSON.stringify(peers))).toEqual([
    {
      title: "bulk insert, 100,000 documents",
      better: "more",
      bars: [
        { label: "Other", value: 7_000, text: "7,000/s", isOurs: false },
        { label: "NebulusDB", value: 5_000, text: "5,000/s", isOurs: true },
      ],
    },
    {
      title: "bytes on disk, 10 documents",
      better: "less",
      bars: [{ label: "NebulusDB", value: 2_000_000, text: "2.0 MB", isOurs: true }],
    },
  ]);
});

test("stages of a sync are bars of one group, and many members none", () => {
  const stage = { kind: "time", group: "stage" };
  const sync = {
    ...{ schema: 1, participants: [{ name: "nebulus", title: "NebulusDB" }] },
    workloads: [
      { name: "quiet", title: "nothing to send", kind: "bytes", group: "network" },
      { name: "trips", title: "round trips", kind: "count", group: "network" },
      { name: "crowd", title: "many", kind: "bytes", group: "members" },
      { name: "merge", title: "merge", ...stage },
      { name: "digest", title: "digest", ...stage },
    ],
    medians: [
      { participant: "nebulus", workload: "quiet", documents: 10, score: 606 },
      { participant: "nebulus", workload: "trips", documents: 10, score: 1.5 },
      { participant: "nebulus", workload: "crowd", documents: 40, score: 5 },
      { participant: "nebulus", workload: "merge", documents: 10, score: 20 },
      { participant: "nebulus", workload: "digest", documents: 10, score: 3 },
    ],
  };
  expect(groupsOfPeers(JSON.stringify(sync))).toMatchObject([
    { title: "nothing to send, 10 documents", bars: [{ text: "0.6 kB" }] },
    { title: "round trips, 10 documents", bars: [{ text: "1.5" }] },
    {
      title: "Initial sync by stage",
      bars: [
        { label: "merge", text: "20 ms" },
        { label: "digest", text: "3.0 ms" },
      ],
    },
  ]);
});

test("waits show their median and their slow end", () => {
  const lines = [{ what: "hand-over", spread: { p50: 12, p95: 250 }, count: 20, goal: "" }];
  expect(groupsOfPage(JSON.stringify({ schema: 1, load: 0, lines }))).toMatchObject([
    { title: "hand-over", better: "less", bars: [{ text: "12 ms" }, { text: "250 ms" }] },
  ]);
});

test("a file of another kind is refused", () => {
  expect(() => groupsOfPeers('{"schema":2}')).toThrow();
  expect(() => groupsOfPage("[]")).toThrow();
});
