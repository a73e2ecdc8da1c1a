/**
 * What a relay counts, for `/metrics`: how much, never who. No metric and no label tells of a
 * person, a page, a tag, a name or an address.
 */
import {
  createCounter,
  createCounters,
  createGauge,
  type Counter,
  type Counters,
  type Metric,
} from "./metrics.ts";

/** The others are counted as `other`. */
const statuses = ["200", "304", "400", "404", "405", "503"] as const;

export interface Counts {
  readonly requests: Counters<(typeof statuses)[number] | "other">;
  /**
   * `path`: not where WebSockets go; `phase`: too early or too late; `evicted`: newer ones came;
   * `oversize`: it said more than it may.
   */
  readonly socketsRefused: Counters<"path" | "phase" | "evicted" | "oversize">;
  readonly connections: Counter;
  readonly registrations: Counter;
  readonly registrationsRefused: Counters<"malformed" | "rate" | "full">;
  readonly pushes: Counter;
  readonly relayedConnections: Counter;
  readonly relayedBytes: Counter;
  readonly all: readonly Metric[];
}

const prefix = "nebulus_relay_";

export const createCounts = (): Counts => {
  const counts = {
    requests: createCounters(
      `${prefix}http_requests_total`,
      "HTTP requests answered, by status.",
      "status",
      [...statuses, "other"],
    ),
    socketsRefused: createCounters(
      `${prefix}sockets_refused_total`,
      "Sockets ended by the relay: upgrades it does not take, or that said too little or too much.",
      "reason",
      ["path", "phase", "evicted", "oversize"],
    ),
    connections: createCounter(`${prefix}connections_total`, "Connections of browsers so far."),
    registrations: createCounter(
      `${prefix}registrations_total`,
      "Registrations at the rendezvous.",
    ),
    registrationsRefused: createCounters(
      `${prefix}registrations_refused_total`,
      "Rendezvous streams that were ended, by reason.",
      "reason",
      ["malformed", "rate", "full"],
    ),
    pushes: createCounter(`${prefix}pushes_total`, "Answers of the rendezvous to pages."),
    relayedConnections: createCounter(
      `${prefix}relayed_connections_total`,
      "Relayed connections between two browsers so far.",
    ),
    relayedBytes: createCounter(
      `${prefix}relayed_bytes_total`,
      "Bytes carried over relayed connections, both ways together.",
    ),
  } as const;
  return { ...counts, all: Object.values(counts) };
};

/** The status of an answer, as it is counted. */
export const statusToCount = (status: number): (typeof statuses)[number] | "other" =>
  statuses.find((known) => known === String(status)) ?? "other";

/** What a relay has now, besides what it counted. */
export interface Standing {
  readonly connections: number;
  readonly reservations: number;
  readonly pages: number;
  readonly relayed: number;
  readonly relays: number;
  readonly providers: number;
}

export const gaugesOf = (standing: () => Standing, startedSeconds: number): readonly Metric[] => [
  createGauge(`${prefix}connections`, "Connections now.", () => standing().connections),
  createGauge(
    `${prefix}reservations`,
    "Browsers that others can reach through this relay now.",
    () => standing().reservations,
  ),
  createGauge(`${prefix}pages`, "Rendezvous streams now.", () => standing().pages),
  createGauge(`${prefix}relayed_connections`, "Relayed connections now.", () => standing().relayed),
  createGauge(`${prefix}relays`, "Other relays that are connected.", () => standing().relays),
  createGauge(
    `${prefix}dht_providers`,
    "Records of the DHT: who provides what.",
    () => standing().providers,
  ),
  createGauge("process_resident_memory_bytes", "Resident memory size in bytes.", () =>
    process.memoryUsage.rss(),
  ),
  createGauge("nodejs_heap_size_used_bytes", "Heap of JavaScript in use, in bytes.", () => {
    return process.memoryUsage().heapUsed;
  }),
  createGauge(
    "process_start_time_seconds",
    "Start time of the process since 1970, in seconds.",
    () => startedSeconds,
  ),
];
