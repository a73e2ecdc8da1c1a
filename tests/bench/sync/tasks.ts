/**
 * What one process measures: a task goes to it as JSON (task.ts), and samples come back. A process
 * each, so that no participant runs with the garbage and the compiled code of another.
 */
import { createDistributedDb } from "../../../src/index.node.ts";
import { measureMerge, measureSync } from "../engines/exchange.ts";
import type { Sample } from "../support/measures.ts";
import { loadEngine } from "./load.ts";
import { measureArrival } from "./steps/arrival.ts";
import { measureCrowd } from "./steps/crowd.ts";
import { measureMembers } from "./steps/members.ts";
import { measureQuiet } from "./steps/quiet.ts";
import { measureRepair } from "./steps/repair.ts";
import { measureStages } from "./steps/stages.ts";
import { stages, type WorkloadName } from "./workloads.ts";

export type SyncSample = Sample<WorkloadName>;

export type Task = { readonly participant: string; readonly seed: number } & (
  | {
      readonly kind: "sync" | "quiet" | "repair" | "arrival" | "stages";
      readonly documents: number;
    }
  | { readonly kind: "merge"; readonly documents: number; readonly edits: number }
  | { readonly kind: "crowd"; readonly devices: 3 | 5; readonly writes: number }
  | { readonly kind: "members"; readonly members: number; readonly writes: number }
);

/** What a task's samples are of. */
export const workloadsOf = (task: Task): readonly WorkloadName[] => {
  if (task.kind === "crowd") return task.devices === 3 ? threeDevices : fiveDevices;
  return workloadsByKind[task.kind];
};

const threeDevices = ["three-time", "three-bytes"] as const;
const fiveDevices = ["five-time", "five-bytes"] as const;

const workloadsByKind: Readonly<Record<Exclude<Task["kind"], "crowd">, readonly WorkloadName[]>> = {
  sync: ["sync-bytes", "sync-time", "sync-sealing"],
  merge: ["merge-bytes", "merge-time"],
  quiet: ["quiet-bytes", "quiet-messages", "quiet-time", "quiet-trips"],
  repair: ["repair-bytes", "repair-trips"],
  arrival: ["arrival-kept", "arrival-after"],
  stages,
  members: ["members-traffic", "members-state", "fan-in-traffic", "fan-in-state"],
};

export const runTask = async (task: Task): Promise<readonly SyncSample[]> => {
  const { seed } = task;
  switch (task.kind) {
    case "sync": {
      const engine = await loadEngine(task.participant);
      const { bytes, time, sealing } = await measureSync(engine, task);
      const samples = [sample("sync-bytes", task.documents, bytes)];
      samples.push(sample("sync-time", task.documents, time));
      if (sealing > 0) samples.push(sample("sync-sealing", task.documents, sealing));
      return samples;
    }
    case "merge": {
      const { bytes, time } = await measureMerge(await loadEngine(task.participant), task);
      return [
        sample("merge-bytes", task.documents, bytes),
        sample("merge-time", task.documents, time),
      ];
    }
    case "quiet": {
      const { bytes, messages, time, roundTrips } = await measureQuiet(createDistributedDb, task);
      return [
        sample("quiet-bytes", task.documents, bytes),
        sample("quiet-messages", task.documents, messages),
        sample("quiet-time", task.documents, time),
        sample("quiet-trips", task.documents, roundTrips),
      ];
    }
    case "repair": {
      const { bytes, roundTrips } = await measureRepair(task);
      return [
        sample("repair-bytes", task.documents, bytes),
        sample("repair-trips", task.documents, roundTrips),
      ];
    }
    case "crowd": {
      // So that the compiler has seen the code
      await measureCrowd(createDistributedDb, { ...task, writes: Math.ceil(task.writes / 10) });
      const { time, bytes } = await measureCrowd(createDistributedDb, task);
      const stored = task.devices * task.writes;
      const [timeName, bytesName] = task.devices === 3 ? threeDevices : fiveDevices;
      return [sample(timeName, stored, time), sample(bytesName, stored, bytes)];
    }
    case "arrival": {
      const { kept, after } = await measureArrival(createDistributedDb, task);
      return [
        sample("arrival-kept", task.documents, kept),
        sample("arrival-after", task.documents, after),
      ];
    }
    case "stages": {
      const milliseconds = await measureStages(await loadEngine(task.participant), task);
      return [...milliseconds].map(([name, value]) => sample(name, task.documents, value));
    }
    case "members": {
      const five = await measureMembers({ ...task, writers: Math.min(5, task.members) });
      const all = await measureMembers({ ...task, writers: task.members, seed });
      return [
        sample("members-traffic", task.members, five.traffic),
        sample("members-state", task.members, five.state),
        sample("fan-in-traffic", task.members, all.traffic),
        sample("fan-in-state", task.members, all.state),
      ];
    }
  }
};

/** `documents`: so many are stored, or so many members there are. */
const sample = (workload: WorkloadName, documents: number, value: number): SyncSample => ({
  ...{ workload, documents, value, operations: 1, spread: null },
});
