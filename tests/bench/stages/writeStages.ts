/**
 * The writing device's way of documents, from the rows that a page sent to sealed segments, stage
 * by stage. What one stage makes is what the next is given.
 */
import { compressBody } from "../../../src/core/segment/compress.ts";
import { createHybridClock } from "../../../src/core/clock/hybrid.ts";
import { encodeCommit, type JournalPart } from "../../../src/core/journal/record.ts";
import { encodeHeader } from "../../../src/core/segment/header.ts";
import { makeWrite } from "../../../src/core/doc/diff.ts";
import type { OwnOp } from "../../../src/core/segment/cut.ts";
import { sha256 } from "../../../src/core/crypto/hash.ts";
import {
  bodyBinding,
  bodyKeys,
  sealSegment,
  signedText,
  type SealedSegment,
  type SegmentDraft,
} from "../../../src/core/segment/seal.ts";
import { parseSegment, type ParsedSegment } from "../../../src/core/segment/segment.ts";
import { decodeRows, type Row } from "../../../src/core/wire/rows.ts";
import { append, createBatch } from "../../../src/engine/append.ts";
import type { Home } from "../../../src/engine/home.ts";
import { ownWriterOf } from "../../../src/engine/incarnation.ts";
import type { OwnWriter } from "../../../src/engine/writer.ts";
import type { Bench } from "./measure.ts";
import type { BenchScope } from "./scope.ts";

/** What was written, in the forms that the stages after it take. */
export interface Written {
  readonly drafts: readonly SegmentDraft[];
  readonly segments: readonly SealedSegment[];
  readonly parsed: readonly ParsedSegment[];
  /** The journal record of one commit of all documents. */
  readonly record: Uint8Array;
  /** Records of commits of one document each. */
  readonly singleRecords: readonly Uint8Array[];
  readonly opBytes: number;
}

export const measureWriting = async (
  bench: Bench,
  scope: BenchScope,
  rowBytes: Uint8Array,
): Promise<Written> => {
  const rows = decodeRows(rowBytes);
  const stages = writerStages(bench, rows.length);
  await stages("decode rows", () => decodeRows(rowBytes));
  await bench.measure({
    ...{ side: "writer", name: "make ops and apply", documents: rows.length },
    prepare: () => beginWriting(scope),
    run: (writing) => makeOps(writing, rows),
  });
  await bench.measure({
    ...{ side: "writer", name: "encode ops", documents: rows.length },
    prepare: () => {
      const writing = beginWriting(scope);
      return { ...writing, ops: makeOps(writing, rows) };
    },
    run: ({ writer, ops }) => writer.append(ops, "apart"),
  });

  const writing = beginWriting(scope);
  const parts = writing.writer.append(makeOps(writing, rows), "apart");
  await stages("encode the journal record", () => recordOf(parts, rows.length));
  await stages("cut", () => draftsOf(writing.writer, scope));

  const drafts = draftsOf(writing.writer, scope);
  const segments = await sealAll(drafts, scope);
  const parsed = segments.map(({ bytes }) => parsedOf(bytes));
  await measureSealing(stages, scope, { drafts, segments, parsed });
  return {
    ...{ drafts, segments, parsed },
    record: recordOf(parts, rows.length),
    singleRecords: parts
      .flatMap((part) => part.ops.map((op) => ({ ...part, rows: [], start: null, ops: [op] })))
      .slice(0, singleRecordsMax)
      .map((part) => recordOf([part], 1)),
    opBytes: parts.reduce((sum, { ops }) => ops.reduce((all, op) => all + op.length, sum), 0),
  };
};

const singleRecordsMax = 500;

type MeasureStage = (name: string, run: () => unknown, within?: string) => Promise<void>;

const writerStages =
  (bench: Bench, documents: number): MeasureStage =>
  (name, run, within) =>
    bench.measure({
      ...{ side: "writer", name, documents, run, prepare: () => undefined },
      ...(within === undefined ? {} : { within }),
    });

const measureSealing = async (
  stages: MeasureStage,
  scope: BenchScope,
  { drafts, segments, parsed }: Pick<Written, "drafts" | "segments" | "parsed">,
): Promise<void> => {
  const { crypto, keys } = scope;
  const stored = drafts.map(({ body }) => compressBody(body).bytes);
  await stages("compress", () => drafts.map(({ body }) => compressBody(body)));
  await stages("seal", async () => {
    for (const [at, { header }] of segments.entries()) {
      const { sealingKey } = bodyKeys(keys.epoch.key, header.key?.salt ?? noBytes, keys);
      await crypto.seal(sealingKey, bodyBinding(header, keys), stored[at] ?? noBytes);
    }
  });
  await stages("hash sealed bodies", () => parsed.map(({ body }) => sha256(body)));
  await stages("sign", async () => {
    for (const { header } of segments) {
      await crypto.sign(keys.signingSeed, signedText(encodeHeader(header), keys));
    }
  });
  await stages("drafts to segments", () => sealAll(drafts, scope), "compress … sign");
};

const noBytes = new Uint8Array();

interface Writing {
  readonly home: Home;
  readonly writer: OwnWriter;
}

const beginWriting = (scope: BenchScope): Writing => {
  const home = scope.home();
  return { home, writer: ownWriterOf(home, scope.crypto) };
};

/** As a draft of the engine does: numbered, made and applied one after another. */
const makeOps = ({ home, writer }: Writing, rows: readonly Row[]): readonly OwnOp[] => {
  const clock = createHybridClock({ now: () => Date.now() });
  const batch = createBatch();
  return rows.map(({ id, leaves }) => {
    const changes = leaves.map(({ path, value }) => ({ path, set: value }));
    const context = { id, state: home.documents.get(id), dot: writer.next(), time: clock.next() };
    const op = makeWrite(context, changes, { birth: true });
    if (op === null) throw new Error("a birth is always written");
    writer.take();
    append(home, op, batch);
    return op;
  });
};

const recordOf = (parts: readonly JournalPart[], count: number): Uint8Array => {
  const time = { ms: Date.now(), counter: 0 };
  return encodeCommit({ sequence: 1, commandId: "bench", time, result: [count], parts });
};

const draftsOf = (writer: OwnWriter, { controlHead }: BenchScope): readonly SegmentDraft[] =>
  writer.pending().map((run) => writer.draftOf(run, controlHead));

const sealAll = async (
  drafts: readonly SegmentDraft[],
  { keys, crypto }: BenchScope,
): Promise<readonly SealedSegment[]> => {
  const sealed: SealedSegment[] = [];
  for (const draft of drafts) {
    const previous = sealed.at(-1)?.headerHash ?? null;
    sealed.push(await sealSegment({ ...draft, previous }, keys, crypto));
  }
  return sealed;
};

const parsedOf = (bytes: Uint8Array): ParsedSegment => {
  const parsed = parseSegment(bytes);
  if (!parsed.ok) throw new Error(`not a segment: ${parsed.error}`);
  return parsed.value;
};
