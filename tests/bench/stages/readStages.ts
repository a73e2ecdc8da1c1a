/**
 * The receiving device's way of segments, from bytes to documents and their digest, stage by stage.
 */
import { sha256 } from "../../../src/core/crypto/hash.ts";
import type { NoOp, Op } from "../../../src/core/op/types.ts";
import { decodeBody } from "../../../src/core/segment/body.ts";
import { compressBody, inflateBody } from "../../../src/core/segment/compress.ts";
import { checkDelivery, type DeliveryView } from "../../../src/core/segment/deliver.ts";
import { openSegment } from "../../../src/core/segment/open.ts";
import { signedText } from "../../../src/core/segment/seal.ts";
import {
  parseSegment,
  type DeliveredSegment,
  type ParsedSegment,
} from "../../../src/core/segment/segment.ts";
import { append, createBatch } from "../../../src/engine/append.ts";
import { keyringOf, type Home } from "../../../src/engine/home.ts";
import type { Bench } from "./measure.ts";
import type { BenchScope } from "./scope.ts";
import type { Written } from "./writeStages.ts";

export const measureReading = async (
  bench: Bench,
  scope: BenchScope,
  { segments, parsed, drafts }: Written,
): Promise<void> => {
  const { crypto } = scope;
  const documents = drafts.reduce((sum, { count }) => sum + count, 0);
  const stage = (name: string, run: () => unknown, within?: string): Promise<void> =>
    bench.measure({
      ...{ side: "reader", name, documents, run, prepare: () => undefined },
      ...(within === undefined ? {} : { within }),
    });
  const onNewHome = (name: string, run: (home: Home) => unknown): Promise<void> =>
    bench.measure({ side: "reader", name, documents, run, prepare: scope.home });

  await stage("parse", () => segments.map(({ bytes }) => parseSegment(bytes)));
  await onNewHome("deliver", (home) => deliverAll(home, scope, parsed));

  const home = scope.home();
  const delivered = await deliverAll(home, scope, parsed);
  const keyring = keyringOf(home);
  await stage("verify", () => verifyAll(delivered, scope), "deliver");
  await stage("hash bodies", () => parsed.map(({ body }) => sha256(body)), "deliver");
  await stage("open", async () => {
    for (const segment of delivered) await openSegment(segment, keyring, crypto);
  });
  const stored = drafts.map(({ body }) => ({ ...compressBody(body), length: body.length }));
  const inflateAll = (): unknown => stored.map(({ bytes, length }) => inflateBody(bytes, length));
  await stage("inflate", inflateAll, "open");

  const decodeAll = (): readonly (Op | NoOp)[] =>
    delivered.flatMap(({ header, headerHash }, at) => {
      const names = home.tree.namesFor(headerHash, header.rows);
      return decodeBody(drafts[at]?.body ?? new Uint8Array(), header, names);
    });
  await stage("decode ops", decodeAll);
  const ops = decodeAll();
  await onNewHome("apply", (fresh) => applyAll(fresh, ops));
  await bench.measure({
    ...{ side: "reader", name: "digest", documents },
    prepare: () => applyAll(scope.home(), ops),
    run: (filled) => filled.digest.value(),
  });
};

/** As ingest does: judged one after another, each added before the next. */
const deliverAll = async (
  home: Home,
  { crypto, membership, scope }: BenchScope,
  parsed: readonly ParsedSegment[],
): Promise<readonly DeliveredSegment[]> => {
  const { network, control } = membership;
  const { networkHash, suite } = network;
  const view: DeliveryView = { networkHash, scope, suite, tree: home.tree, control, crypto };
  const delivered: DeliveredSegment[] = [];
  for (const segment of parsed) {
    const verdict = await checkDelivery(segment, view);
    if (verdict.kind !== "delivered") throw new Error(`not delivered: ${verdict.kind}`);
    home.tree.add(verdict.segment);
    delivered.push(verdict.segment);
  }
  return delivered;
};

const verifyAll = async (
  delivered: readonly DeliveredSegment[],
  { crypto, keys }: BenchScope,
): Promise<void> => {
  for (const { origin, signature, headerBytes } of delivered) {
    const text = signedText(headerBytes, keys);
    const isValid = await crypto.verify(origin.signingKey, signature ?? new Uint8Array(), text);
    if (!isValid) throw new Error("a signature made here does not verify");
  }
};

const applyAll = (home: Home, ops: readonly (Op | NoOp)[]): Home => {
  const batch = createBatch();
  for (const op of ops) append(home, op, batch);
  return home;
};
