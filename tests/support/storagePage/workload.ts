/**
 * What the page writes while it waits to be killed: lanes, each a seeded list of commands over
 * documents of its own, so that the documents of a lane are a function of seed, lane and how many
 * of its commands took effect. Each command leaves a trace of every part of it, so that half a one
 * shows.
 */
import { createRandom } from "../random.ts";

export interface LaneDocument {
  readonly id: string;
  readonly lane: number;
  /** The command that made it. */
  readonly by: number;
  readonly [field: string]: unknown;
}

export type LaneCommand =
  | { readonly kind: "insert"; readonly document: LaneDocument }
  | { readonly kind: "bulk"; readonly documents: readonly LaneDocument[] }
  /** Both, in one transaction, each in a collection of its own. */
  | { readonly kind: "make-pair"; readonly documents: readonly LaneDocument[] }
  /** One more for the lane's counter. */
  | { readonly kind: "count"; readonly id: string }
  /** One more for both of the pair, in one transaction. */
  | { readonly kind: "count-pair"; readonly ids: readonly string[] }
  /** One field of all that a bulk insert made. */
  | { readonly kind: "mark"; readonly ids: readonly string[]; readonly mark: string }
  | { readonly kind: "delete"; readonly id: string };

const counterOf = (lane: number): LaneDocument => ({
  ...{ id: `${lane}-counter`, lane, by: 0, count: 0, kind: "counter" },
});
const pairOf = (lane: number): readonly LaneDocument[] =>
  ["left", "right"].map((side) => ({ id: `${lane}-${side}`, lane, by: 1, count: 0, kind: side }));

export interface LaneOptions {
  readonly seed: number;
  readonly lane: number;
  /** `large`: nothing but bulk inserts, each more than the journal is to hold. */
  readonly kind: "mixed" | "large";
}

/** The right one of a pair stands apart. */
export const collectionOf = ({ kind }: LaneDocument): "notes" | "others" =>
  kind === "right" ? "others" : "notes";

/** The documents of a lane after so many of its commands, and the command that follows. */
export interface Lane {
  readonly done: () => number;
  readonly next: () => LaneCommand;
  /** The next command took effect. */
  readonly advance: () => void;
  readonly documents: ReadonlyMap<string, LaneDocument>;
}

export const createLane = (options: LaneOptions): Lane => {
  const documents = new Map<string, LaneDocument>();
  const bulks: (readonly string[])[] = [];
  const singles: string[] = [];
  let done = 0;
  let upcoming: LaneCommand | null = null;
  const next = (): LaneCommand => (upcoming ??= commandAt(options, done, { bulks, singles }));
  return {
    done: () => done,
    next,
    advance: () => {
      const command = next();
      upcoming = null;
      done += 1;
      apply(documents, command);
      if (command.kind === "bulk") bulks.push(command.documents.map(({ id }) => id));
      if (command.kind === "insert" && done > 1) singles.push(command.document.id);
      if (command.kind === "delete") singles.splice(singles.indexOf(command.id), 1);
    },
    documents,
  };
};

interface Made {
  readonly bulks: readonly (readonly string[])[];
  readonly singles: readonly string[];
}

const commandAt = (
  { seed, lane, kind }: LaneOptions,
  at: number,
  { bulks, singles }: Made,
): LaneCommand => {
  if (kind === "large") return bulkOf(lane, at, largeDocuments);
  if (at === 0) return { kind: "insert", document: counterOf(lane) };
  if (at === 1) return { kind: "make-pair", documents: pairOf(lane) };
  const random = createRandom(seed * 7_919 + lane * 104_729 + at);
  const dice = random.next();
  if (dice < 0.15) return bulkOf(lane, at, 1 + random.integer(mixedDocumentsMax));
  if (dice < 0.3) return { kind: "count", id: counterOf(lane).id };
  if (dice < 0.4) return { kind: "count-pair", ids: pairOf(lane).map(({ id }) => id) };
  if (dice < 0.5 && bulks.length > 0) {
    return { kind: "mark", ids: random.pick(bulks), mark: `mark ${at}` };
  }
  if (dice < 0.6 && singles.length > 0) return { kind: "delete", id: random.pick(singles) };
  return { kind: "insert", document: documentOf(lane, at, 0, 1) };
};

const mixedDocumentsMax = 400;
/** 18 MB. */
const largeDocuments = 60_000;

const bulkOf = (lane: number, by: number, count: number): LaneCommand => ({
  kind: "bulk",
  documents: Array.from({ length: count }, (_, index) => documentOf(lane, by, index, count)),
});

/** About 300 bytes. */
const documentOf = (lane: number, by: number, index: number, of: number): LaneDocument => ({
  ...{ id: `${lane}-${by}-${index}`, lane, by, index, of },
  title: `document ${index} of ${of}`,
  body: `written by command ${by} of lane ${lane}; `.repeat(5),
  tags: ["kill", `lane ${lane}`, `command ${by}`],
  meta: { language: "en", revision: { number: by, isLast: index === of - 1 } },
});

const apply = (documents: Map<string, LaneDocument>, command: LaneCommand): void => {
  switch (command.kind) {
    case "insert":
      documents.set(command.document.id, command.document);
      return;
    case "bulk":
    case "make-pair":
      for (const document of command.documents) documents.set(document.id, document);
      return;
    case "count":
      add(documents, command.id);
      return;
    case "count-pair":
      for (const id of command.ids) add(documents, id);
      return;
    case "mark":
      for (const id of command.ids) change(documents, id, { mark: command.mark });
      return;
    case "delete":
      documents.delete(command.id);
      return;
  }
};

const add = (documents: Map<string, LaneDocument>, id: string): void => {
  change(documents, id, { count: Number(documents.get(id)?.["count"]) + 1 });
};

const change = (documents: Map<string, LaneDocument>, id: string, fields: object): void => {
  const before = documents.get(id);
  if (before === undefined) throw new Error(`${id} was never made`);
  documents.set(id, { ...before, ...fields });
};
