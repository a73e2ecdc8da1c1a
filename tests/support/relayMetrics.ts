/** What a relay says of itself at `/metrics`, as numbers. */

export interface Metrics {
  /** By name with its labels, as it is written; throws if there is none. */
  readonly of: (sample: string) => number;
  readonly text: string;
}

/** Asks again and again, until the sample has the value. */
export const untilMetric = async (port: number, sample: string, value: number): Promise<void> => {
  while ((await readMetrics(port)).of(sample) !== value);
};

export const readMetrics = async (port: number): Promise<Metrics> => {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  if (!response.ok) throw new Error(`/metrics answers ${response.status}`);
  const text = await response.text();
  const samples = new Map(
    text
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => {
        const at = line.lastIndexOf(" ");
        return [line.slice(0, at), Number(line.slice(at + 1))] as const;
      }),
  );
  return {
    text,
    of: (sample) => {
      const value = samples.get(sample);
      if (value === undefined) throw new Error(`no metric ${sample}`);
      return value;
    },
  };
};
