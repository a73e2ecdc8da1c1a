/**
 * The steps of a round in their order, and what each measures: apart from the steps themselves, so
 * that command line and report need no browser.
 */
import type { WorkloadName } from "../workloads.ts";

export const stepWorkloads = {
  initial: ["initial-direct"],
  bare: ["round-trip"],
  visible: ["visible-p50", "visible-p95"],
  writes: ["batched", "awaited", "awaited-frames"],
  large: ["large-direct"],
  load: ["load-time", "load-bytes", "load-frames"],
  arrival: ["arrival-time", "arrival-task", "arrival-answers", "arrival-worker", "arrival-page"],
  relayed: ["initial-relayed", "visible-relayed-p50", "visible-relayed-p95"],
  far: ["load-far-time"],
  crowd: ["three-time", "five-time"],
  shaped: [
    ...(["shaped-round-trip", "shaped-visible-p50", "shaped-visible-p95"] as const),
    ...(["shaped-initial", "shaped-load", "shaped-trips"] as const),
  ],
  reconnect: ["reconnect"],
} as const satisfies Readonly<Record<string, readonly WorkloadName[]>>;

export type StepName = keyof typeof stepWorkloads;

// Its own keys
export const stepNames: readonly StepName[] = Object.keys(stepWorkloads) as StepName[];
