/**
 * One round: new profiles, one network, then the steps one after the other. A step that fails has
 * no numbers, and those behind it are tried all the same, from pages loaded anew.
 */
import type { Outcome } from "../support/measures.ts";
import { createDevice, type Device } from "./device.ts";
import type { Plan } from "./options.ts";
import { openGround, type Ground } from "./profiles.ts";
import { reconnect, shaped } from "./steps/links.ts";
import { far, load } from "./steps/loads.ts";
import { arrival, crowd } from "./steps/many.ts";
import { stepWorkloads, type StepName } from "./steps/names.ts";
import { bare, initial, large, relayed, visible, writes } from "./steps/pair.ts";
import { connectedOver, type Emit, type Round, type Step } from "./steps/step.ts";
import type { WorkloadName } from "./workloads.ts";

export type NetOutcome = Outcome<WorkloadName>;

export interface RoundTask {
  readonly plan: Plan;
  /** Of the page. */
  readonly url: string;
  readonly round: number;
  readonly tell: (outcome: NetOutcome) => void;
}

const steps: Readonly<Record<StepName, Step>> = {
  ...{ initial, bare, visible, writes, large, load, arrival, relayed, far, crowd },
  ...{ shaped, reconnect },
};

/** What one call of a page may take. */
const callMilliseconds = 120_000;

export const runRound = async (task: RoundTask): Promise<void> => {
  const { plan } = task;
  const ground = await openGround(task.url, plan.seed + task.round);
  try {
    const round = await openRound(task, ground);
    for (const name of plan.steps) await runStep(task, round, name);
  } catch (error) {
    for (const name of plan.steps) tellFailure(task, name, error);
  } finally {
    await ground.close();
  }
};

const runStep = async (task: RoundTask, round: Round, name: StepName): Promise<void> => {
  try {
    await steps[name](round);
  } catch (error) {
    tellFailure(task, name, error);
    await startAfresh(round);
  }
};

const tellFailure = ({ tell, round }: RoundTask, name: StepName, error: unknown): void => {
  const words = error instanceof Error ? error.message : String(error);
  for (const workload of stepWorkloads[name]) {
    tell({ participant: "nebulus", round, workload, documents: 0, error: words });
  }
};

const openRound = async (
  { plan, tell, round: number }: RoundTask,
  ground: Ground,
): Promise<Round> => {
  const emit: Emit = (workload, value, more = {}) => {
    const { participant = "nebulus", documents = 0, operations = 1, spread = null } = more;
    const sample = { workload, documents, operations, value, spread };
    tell({ participant, round: number, ...sample, error: null });
  };
  const open = async (name: string): Promise<Device> => {
    const device = createDevice(await ground.profile(name), callMilliseconds);
    await device.load();
    await device.ask("configure", { relays: [ground.relay], relayOnly: false });
    return device;
  };
  const a = await open("a");
  const invite = await a.ask("create");
  const newMember = async (name: string): Promise<Device> => {
    const device = await open(name);
    await device.ask("join", invite);
    return device;
  };
  await a.ask("share", "notes");
  await a.ask("fill", "notes", plan.documents, plan.seed);
  const b = await newMember("b");
  const round: Round = { plan, ground, a, b, emit, newMember };
  await connectedOver(round, "direct");
  return round;
};

/** Whatever the failed step left behind. */
const startAfresh = async (round: Round): Promise<void> => {
  const { ground, a, b } = round;
  ground.join();
  for (const each of [a, b]) {
    await each.profile.setOffline(false);
    await each.load();
    await each.ask("configure", { relays: [ground.relay], relayOnly: false });
  }
  await connectedOver(round, "any");
};
