/**
 * What every step is given: two devices of one closed network that are connected, and where what it
 * measures goes.
 */
import type { Spread } from "../../support/statistics.ts";
import type { Device } from "../device.ts";
import type { Plan } from "../options.ts";
import type { Ground } from "../profiles.ts";
import type { WorkloadName } from "../workloads.ts";

export interface Round {
  readonly plan: Plan;
  readonly ground: Ground;
  /** Made the network, and holds `notes`. */
  readonly a: Device;
  readonly b: Device;
  readonly emit: Emit;
  /** A further member, connected with nobody in particular yet. */
  readonly newMember: (name: string) => Promise<Device>;
}

/** `nebulus` unless it says another: a bare data channel, or A where nobody else is there. */
export type Participant = "nebulus" | "bare" | "alone";

export type Emit = (
  workload: WorkloadName,
  value: number,
  more?: {
    readonly documents?: number;
    /** Of a rate: how many took the time. */
    readonly operations?: number;
    readonly spread?: Spread;
    readonly participant?: Participant;
  },
) => void;

export type Step = (round: Round) => Promise<void>;

/** Both hold a new collection of that name, which is empty. */
export const shareEmpty = async ({ a, b }: Round, name: string): Promise<void> => {
  await a.ask("share", name);
  await b.ask("take", name, { operations: 0, devices: 1 });
};

/** Connected with each other alone, over this path. */
export const connectedOver = async (
  { a, b }: Round,
  path: "direct" | "relayed" | "any",
): Promise<void> => {
  await Promise.all([a, b].map((each) => each.ask("connected", 1, path)));
};

export const connectBare = async ({ a, b }: Round): Promise<void> => {
  await a.bare("accept", await b.bare("answer", await a.bare("offer")));
};

export const closeBare = async ({ a, b }: Round): Promise<void> => {
  await Promise.all([a.bare("close"), b.bare("close")]);
};

/**
 * How far B's clock is ahead of A's, in milliseconds: a page's clock begins at its load, and keeps
 * what the machine's was wrong by then.
 */
export const aheadOf = async (round: Round): Promise<number> => {
  await connectBare(round);
  const { aheadMilliseconds } = await round.a.bare("ping", clockPings);
  await closeBare(round);
  return aheadMilliseconds;
};

const clockPings = 30;
