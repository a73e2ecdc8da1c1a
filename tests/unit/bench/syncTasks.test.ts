/** Each task of the benchmark of sync, in small: it runs, and tells what it is there for. */
import { expect, test } from "vitest";
import { engines, ours } from "../../bench/peers/participants.ts";
import { runInProcess } from "../../bench/sync/processes.ts";
import { runTask, workloadsOf, type Task } from "../../bench/sync/tasks.ts";

const base = { participant: ours, seed: 3 } as const;

const valuesOf = async (task: Task): Promise<ReadonlyMap<string, number>> =>
  new Map((await runTask(task)).map(({ workload, value }) => [workload, value]));

test.each(engines)("$title brings documents over", async ({ name }) => {
  const values = await valuesOf({ ...base, participant: name, kind: "sync", documents: 40 });
  expect(values.get("sync-bytes")).toBeGreaterThan(1_000);
  expect(values.get("sync-time")).toBeGreaterThan(0);
  expect(values.has("sync-sealing")).toBe(name === ours);
});

test.each(engines.filter(({ merges }) => merges))("$title merges edits", async ({ name }) => {
  const task = { ...base, participant: name, documents: 40, edits: 60 };
  const values = await valuesOf({ ...task, kind: "merge" });
  expect(values.get("merge-bytes")).toBeGreaterThan(200);
  expect(values.get("merge-time")).toBeGreaterThan(0);
});

test("devices that hold the same say little, in no more than two round trips", async () => {
  const values = await valuesOf({ ...base, kind: "quiet", documents: 40 });
  expect(values.get("quiet-bytes")).toBeGreaterThan(100);
  expect(values.get("quiet-bytes")).toBeLessThan(2_000);
  expect(values.get("quiet-messages")).toBeGreaterThanOrEqual(2);
  expect(values.get("quiet-trips")).toBeGreaterThan(0.5);
});

test("a crowd's writes come to all of it", async () => {
  const values = await valuesOf({ ...base, kind: "crowd", devices: 3, writes: 5 });
  expect([...values.keys()]).toEqual(["three-time", "three-bytes"]);
  expect(values.get("three-bytes")).toBeGreaterThan(1_000);
});

test("members' traffic and storage are told a device", async () => {
  const values = await valuesOf({ ...base, kind: "members", members: 6, writes: 12 });
  // Twelve documents of about 300 bytes go to each, and stand on its disk
  for (const workload of ["members-traffic", "fan-in-traffic", "members-state", "fan-in-state"]) {
    expect(values.get(workload)).toBeGreaterThan(12 * 300);
  }
});

test("an initial sync is taken apart into its stages", async () => {
  const task = { ...base, kind: "stages", documents: 300 } as const;
  const values = await valuesOf(task);
  expect([...values.keys()]).toEqual(workloadsOf(task));
  expect([...values.values()].reduce((sum, value) => sum + value, 0)).toBeGreaterThan(0);
});

test("memory is watched in a process of its own while documents arrive", async () => {
  const samples = await runInProcess({ ...base, kind: "arrival", documents: 400 }, 60_000);
  const values = new Map(samples.map(({ workload, value }) => [workload, value]));
  expect([...values.keys()]).toEqual(["arrival-kept", "arrival-after"]);
  expect(values.get("arrival-kept")).toBeGreaterThanOrEqual(values.get("arrival-after") ?? NaN);
});

test("a process that fails is told in its own words", async () => {
  const task = { ...base, participant: "oracle", kind: "sync", documents: 1 } as const;
  await expect(runInProcess(task, 60_000)).rejects.toThrow("Error: oracle is no engine");
});

test("one differing document is found and healed", async () => {
  const values = await valuesOf({ ...base, kind: "repair", documents: 60 });
  expect(values.get("repair-trips")).toBeGreaterThan(0);
  expect(values.get("repair-bytes")).toBeLessThan(20_000);
});
