/**
 * What is measured of sync, by name: one list, from which tasks, report, goals and charts take
 * their words.
 */
import type { Kind } from "../support/measures.ts";

export interface Workload {
  readonly name: string;
  readonly title: string;
  readonly kind: Kind;
  readonly group: Group;
}

/**
 * `exchange`: all engines take part; the others are of the product alone. `stage`: parts of
 * `sync-time`, from a run that was watched. `members`: of the longer run.
 */
export type Group = "exchange" | "stage" | "network" | "members";

const exchange = [
  { name: "sync-bytes", title: "initial sync, bytes on the wire", kind: "bytes" },
  {
    name: "sync-time",
    title: "initial sync until verified on both, sealing included",
    kind: "time",
  },
  { name: "sync-sealing", title: "initial sync, of it cutting and sealing", kind: "time" },
  { name: "merge-bytes", title: "concurrent edits merged, bytes on the wire", kind: "bytes" },
  { name: "merge-time", title: "concurrent edits merged until verified on both", kind: "time" },
] as const;

const network = [
  { name: "quiet-bytes", title: "nothing to send, bytes after the greeting", kind: "bytes" },
  { name: "quiet-messages", title: "nothing to send, messages after the greeting", kind: "count" },
  {
    name: "quiet-time",
    title: "nothing to send, from the link until verified on both",
    kind: "time",
  },
  { name: "quiet-trips", title: "nothing to send, round trips after the greeting", kind: "count" },
  { name: "repair-bytes", title: "one differing document, bytes until healed", kind: "bytes" },
  {
    name: "repair-trips",
    title: "one differing document, round trips until healed",
    kind: "count",
  },
  {
    name: "three-time",
    title: "three devices write 1,000 each at once, until equal",
    kind: "time",
  },
  {
    name: "three-bytes",
    title: "three devices write 1,000 each at once, bytes on all links",
    kind: "bytes",
  },
  { name: "five-time", title: "five devices write 1,000 each at once, until equal", kind: "time" },
  {
    name: "five-bytes",
    title: "five devices write 1,000 each at once, bytes on all links",
    kind: "bytes",
  },
  {
    name: "arrival-kept",
    title: "documents arriving, memory over the start at most",
    kind: "bytes",
  },
  {
    name: "arrival-after",
    title: "documents arriving, memory over the start at the end",
    kind: "bytes",
  },
] as const;

const members = [
  { name: "members-traffic", title: "the same writes of five members, traffic", kind: "bytes" },
  { name: "members-state", title: "the same writes of five members, storage", kind: "bytes" },
  { name: "fan-in-traffic", title: "the same writes, of all members, traffic", kind: "bytes" },
  { name: "fan-in-state", title: "the same writes, of all members, storage", kind: "bytes" },
] as const;

const stage = [
  { name: "stage-sealing", title: "cutting and sealing", kind: "time" },
  { name: "stage-greeting", title: "greeting", kind: "time" },
  { name: "stage-transfer", title: "transfer", kind: "time" },
  { name: "stage-delivery", title: "delivery: parse, judge", kind: "time" },
  { name: "stage-opening", title: "opening: unseal, inflate", kind: "time" },
  { name: "stage-decoding", title: "decoding ops", kind: "time" },
  { name: "stage-merge", title: "merge", kind: "time" },
  { name: "stage-storing", title: "storing", kind: "time" },
  { name: "stage-digest", title: "digest", kind: "time" },
  { name: "stage-other", title: "other code", kind: "time" },
  { name: "stage-garbage", title: "garbage collection", kind: "time" },
  { name: "stage-waiting", title: "the platform: signatures, ciphers, turns", kind: "time" },
] as const;

const all = [
  ...exchange.map((each) => ({ ...each, group: "exchange" as const })),
  ...network.map((each) => ({ ...each, group: "network" as const })),
  ...members.map((each) => ({ ...each, group: "members" as const })),
  ...stage.map((each) => ({ ...each, group: "stage" as const })),
];

export type WorkloadName = (typeof all)[number]["name"];

export type Stage = (typeof stage)[number]["name"];

export const stages: readonly Stage[] = stage.map(({ name }) => name);

export const workloads: readonly (Workload & { readonly name: WorkloadName })[] = all;

export const kindOf = (name: WorkloadName): Kind =>
  workloads.find((workload) => workload.name === name)?.kind ?? "time";
