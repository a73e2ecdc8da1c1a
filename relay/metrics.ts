/**
 * Counters and gauges, and how Prometheus reads them (its text format, version 0.0.4). Small enough
 * to need no package. A label takes only values that the code names: so nothing that a stranger
 * says can become one, and the count of series is fixed.
 */

/** One of the metrics that a page of them shows. */
export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge";
  readonly samples: () => readonly Sample[];
}

/** `labels` as they are written: empty, or `{reason="rate"}`. */
interface Sample {
  readonly labels: string;
  readonly value: number;
}

export interface Counter extends Metric {
  readonly value: () => number;
  /** Zero or more. */
  readonly add: (count?: number) => void;
}

export interface Counters<V extends string> extends Metric {
  readonly add: (value: V) => void;
}

export const metricsContentType = "text/plain; version=0.0.4; charset=utf-8";

export const createCounter = (name: string, help: string): Counter => {
  let count = 0;
  return {
    name,
    help,
    type: "counter",
    samples: () => [{ labels: "", value: count }],
    value: () => count,
    add: (more = 1) => {
      count += more;
    },
  };
};

/** A counter for each of a label's values, all of which are shown from the start. */
export const createCounters = <V extends string>(
  name: string,
  help: string,
  label: string,
  values: readonly V[],
): Counters<V> => {
  const counts = new Map<V, number>(values.map((value) => [value, 0]));
  return {
    name,
    help,
    type: "counter",
    samples: () =>
      [...counts].map(([value, count]) => ({ labels: `{${label}="${value}"}`, value: count })),
    add: (value) => {
      counts.set(value, (counts.get(value) ?? 0) + 1);
    },
  };
};

/** Read whenever somebody looks. */
export const createGauge = (name: string, help: string, read: () => number): Metric => ({
  name,
  help,
  type: "gauge",
  samples: () => [{ labels: "", value: read() }],
});

/** Names and helps are of this code, and need no escaping: letters, digits, plain sentences. */
export const renderMetrics = (metrics: readonly Metric[]): string =>
  metrics
    .flatMap(({ name, help, type, samples }) => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} ${type}`,
      ...samples().map(({ labels, value }) => `${name}${labels} ${value}`),
    ])
    .join("\n");
