/**
 * The table on the terminal, from what was measured and nothing else.
 */
import { median, spreadOf } from "../support/statistics.ts";
import type { Measured, Side } from "./measure.ts";
import type { Sizes } from "./protocol.ts";

const sides: readonly Side[] = ["page", "writer", "store", "reader", "whole path"];

export const lineOf = (measured: Measured): string => {
  const { name, within, documents, milliseconds, singles } = measured;
  const median = medianOf(measured);
  const title = within === null ? name : `  of which ${name}`;
  const range = `${shown(Math.min(...milliseconds))} … ${shown(Math.max(...milliseconds))}`;
  const perSecond = Math.round((documents / median) * 1_000).toLocaleString("en");
  return [
    title.padEnd(40),
    documents.toLocaleString("en").padStart(7),
    shown(median).padStart(9),
    range.padStart(17),
    perSecond.padStart(11),
    singles.length === 0 ? "" : `  each ${singlesOf(singles)}`,
  ].join(" ");
};

export const headline = (): string =>
  [
    "stage".padEnd(40),
    "docs".padStart(7),
    "median ms".padStart(9),
    "min … max".padStart(17),
    "docs/s".padStart(11),
  ].join(" ");

export const tableOf = (all: readonly Measured[]): string =>
  sides
    .flatMap((side) => {
      const rows = all.filter((each) => each.side === side);
      return rows.length === 0 ? [] : ["", side, headline(), ...rows.map(lineOf)];
    })
    .join("\n");

export const sizesOf = (sizes: Sizes): string => {
  const { wire } = sizes;
  const lines: readonly (readonly [string, number])[] = [
    ["documents as JSON", sizes.json],
    ["the same, gzip", sizes.jsonGzip],
    ["rows from page to worker", sizes.rows],
    ["ops", sizes.ops],
    ["journal record", sizes.journalRecord],
    [`${sizes.segmentCount} segments, sealed and signed`, sizes.segments],
    ["on the wire to the receiver", wire.toReceiver],
    ["on the wire to the sender", wire.toSender],
    ["on the link, greeting and all", wire.frames],
  ];
  return ["", "bytes", ...lines.map(([name, bytes]) => named(name, bytes))].join("\n");
};

/** Of the stages that every document passes once, on its way from a page to a peer's memory. */
export const largestOf = (all: readonly Measured[]): Measured | null => {
  const stages = all.filter(isOnTheWay);
  return stages.reduce<Measured | null>(
    (largest, each) => (largest === null || medianOf(each) > medianOf(largest) ? each : largest),
    null,
  );
};

export const largestLine = (all: readonly Measured[]): string => {
  const largest = largestOf(all);
  if (largest === null) return "";
  const sum = all.filter(isOnTheWay).reduce((total, each) => total + medianOf(each), 0);
  const part = Math.round((medianOf(largest) / sum) * 100);
  const name = `${largest.side}: ${largest.name}, ${shown(medianOf(largest))} ms`;
  return `\nThe largest stage: ${name}, ${part} % of the ${shown(sum)} ms of all stages together.`;
};

export const medianOf = ({ milliseconds }: Measured): number => median(milliseconds);

/** Parts of stages and whole paths would count twice; single operations are another workload. */
const isOnTheWay = ({ side, within, singles }: Measured): boolean =>
  side !== "whole path" && within === null && singles.length === 0;

const singlesOf = (singles: readonly number[]): string =>
  Object.entries(spreadOf(singles))
    .map(([name, milliseconds]) => `${name} ${Number(milliseconds).toFixed(2)}`)
    .join(", ");

const named = (name: string, bytes: number): string =>
  `${name.padEnd(40)} ${bytes.toLocaleString("en").padStart(11)}`;

const shown = (milliseconds: number): string => milliseconds.toFixed(1);
