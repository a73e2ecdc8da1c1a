/**
 * What is measured, by name: one list, from which options, page, report and goals take their words.
 */

import type { Kind } from "../support/measures.ts";

export interface Workload {
  readonly name: string;
  readonly title: string;
  readonly kind: Kind;
}

const all = [
  { name: "bulk", title: "bulk insert, 10,000 a call, durable", kind: "rate" },
  {
    name: "bulk-network",
    title: "the same into a network, until sealed, signed and stored",
    kind: "rate",
  },
  { name: "single-strict", title: "single inserts, each awaited, strict", kind: "rate" },
  { name: "single-relaxed", title: "single inserts, each awaited, relaxed", kind: "rate" },
  { name: "at-once", title: "single inserts, all at once, strict", kind: "rate" },
  { name: "get", title: "get by id, each awaited", kind: "rate" },
  { name: "get-many", title: "getMany, one call", kind: "rate" },
  { name: "update", title: "update one field of many, one call", kind: "rate" },
  { name: "scan-first", title: "unindexed filter over all, first", kind: "time" },
  { name: "scan-warm", title: "unindexed filter over all, warm", kind: "time" },
  { name: "load-answer", title: "page load to first answer, cold", kind: "time" },
  { name: "open-get", title: "open call to first get, cold", kind: "time" },
  { name: "disk", title: "bytes on disk, settled", kind: "bytes" },
  { name: "worker-open", title: "memory of workers after open", kind: "bytes" },
  { name: "memory-open", title: "memory of page and workers after open", kind: "bytes" },
  { name: "worker-scan", title: "memory of workers after scans", kind: "bytes" },
  { name: "merge", title: "concurrent edits of two devices merged", kind: "rate" },
  { name: "sync-bytes", title: "state from A to B, bytes", kind: "bytes" },
  { name: "sync-time", title: "state from A to B, time", kind: "time" },
] as const satisfies readonly Workload[];

export type WorkloadName = (typeof all)[number]["name"];

export const workloads: readonly (Workload & { readonly name: WorkloadName })[] = all;

export const isWorkload = (name: string): name is WorkloadName =>
  workloads.some((workload) => workload.name === name);

export const kindOf = (name: WorkloadName): Kind =>
  workloads.find((workload) => workload.name === name)?.kind ?? "time";
