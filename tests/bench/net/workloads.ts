/**
 * What is measured between browsers, by name: one list, from which steps, report and goals take
 * their words.
 */
import type { Kind } from "../support/measures.ts";

export interface Workload {
  readonly name: string;
  readonly title: string;
  readonly kind: Kind;
}

const all = [
  { name: "load-time", title: "page load until verified, nothing to send", kind: "time" },
  { name: "load-bytes", title: "the same, bytes after the greeting", kind: "bytes" },
  { name: "load-frames", title: "the same, frames after the greeting", kind: "count" },
  { name: "load-far-time", title: "the same, 100 ms to the relay and back", kind: "time" },
  { name: "initial-direct", title: "initial sync, direct", kind: "time" },
  { name: "initial-relayed", title: "initial sync, through the relay", kind: "time" },
  { name: "large-direct", title: "large documents, kB a second, direct", kind: "rate" },
  { name: "round-trip", title: "round trip of a bare data channel, p50", kind: "time" },
  { name: "visible-p50", title: "write on A to visible on B, direct, p50", kind: "time" },
  { name: "visible-p95", title: "the same, p95", kind: "time" },
  { name: "visible-relayed-p50", title: "through the relay, p50", kind: "time" },
  { name: "visible-relayed-p95", title: "the same, p95", kind: "time" },
  { name: "batched", title: "1,000 writes in one call, until applied on B", kind: "rate" },
  { name: "awaited", title: "1,000 writes, each awaited on A, until all are on B", kind: "rate" },
  { name: "awaited-frames", title: "the same, frames from A to B", kind: "count" },
  { name: "three-time", title: "three devices write 1,000 each at once", kind: "time" },
  { name: "five-time", title: "five devices write 1,000 each at once", kind: "time" },
  { name: "reconnect", title: "without network, then converged", kind: "time" },
  { name: "shaped-round-trip", title: "shaped link: round trip of a bare channel", kind: "time" },
  { name: "shaped-visible-p50", title: "shaped link: write to visible, p50", kind: "time" },
  { name: "shaped-visible-p95", title: "shaped link: write to visible, p95", kind: "time" },
  { name: "shaped-initial", title: "shaped link: initial sync", kind: "time" },
  { name: "shaped-load", title: "shaped link: page load until verified", kind: "time" },
  { name: "shaped-trips", title: "shaped link: round trips after the greeting", kind: "count" },
  { name: "arrival-time", title: "documents arriving, until verified", kind: "time" },
  { name: "arrival-task", title: "the same, longest task of the page", kind: "time" },
  { name: "arrival-answers", title: "the same, answers of the worker, p95", kind: "time" },
  { name: "arrival-worker", title: "the same, memory of the worker over its start", kind: "bytes" },
  { name: "arrival-page", title: "the same, memory of the page over its start", kind: "bytes" },
] as const;

export type WorkloadName = (typeof all)[number]["name"];

export const workloads: readonly (Workload & { readonly name: WorkloadName })[] = all;

export const kindOf = (name: WorkloadName): Kind =>
  workloads.find((workload) => workload.name === name)?.kind ?? "time";
