/**
 * All ops that an engine's log holds, with their bytes: those in segments on the disk, those that
 * are written and not cut, and those that nobody accepts.
 */
import type { ScopeId, WriterId } from "../../src/core/base/types.ts";
import { bytesToHex } from "../../src/core/base/bytes.ts";
import { CborReader } from "../../src/core/cbor/reader.ts";
import type { CryptoPort } from "../../src/core/crypto/port.ts";
import type { Commit, JournalPart } from "../../src/core/journal/record.ts";
import type { NoOp, Op } from "../../src/core/op/types.ts";
import { deliverOwn } from "../../src/core/segment/deliver.ts";
import { openSegment } from "../../src/core/segment/open.ts";
import { parseSegment, type DeliveredSegment } from "../../src/core/segment/segment.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { keyringOf, writersOf, type Home } from "../../src/engine/home.ts";
import { pendingOps } from "../../src/engine/replay.ts";
import { readStranded } from "../../src/engine/stranded.ts";
import { opBytesIn, type HomeLog, type Oracle, type SegmentsImage } from "./oracle.ts";

export interface EngineLog {
  readonly homes: ReadonlyMap<ScopeId, HomeLog>;
  /** The bytes of all ops there are, by scope, writer and n. */
  readonly opBytes: ReadonlyMap<string, readonly string[]>;
  readonly pending: ReadonlyMap<ScopeId, readonly (Op | NoOp)[]>;
  /** Scopes of closed networks. */
  readonly closed: ReadonlySet<ScopeId>;
  /** What nobody accepts of it, and it keeps. */
  readonly aside: ReadonlyMap<ScopeId, readonly (Op | NoOp)[]>;
}

export const readEngineLog = async (
  engine: Engine,
  image: SegmentsImage,
  { oracle, crypto }: { readonly oracle: Oracle; readonly crypto: CryptoPort },
): Promise<EngineLog> => {
  const homes = new Map<ScopeId, HomeLog>();
  const pending = new Map<ScopeId, readonly (Op | NoOp)[]>();
  const aside = new Map<ScopeId, readonly (Op | NoOp)[]>();
  const opBytes = new Map<string, string[]>();
  const note = (name: string, bytes: Uint8Array): void => {
    opBytes.set(name, [...(opBytes.get(name) ?? []), bytesToHex(bytes)]);
  };
  for (const home of engine.registry.homes()) {
    const log = await oracle.logOf(home, image);
    homes.set(home.scope, log);
    pending.set(
      home.scope,
      pendingOps(home).map(({ op }) => op),
    );
    const kept = home.aside.map(({ bytes }) => bytes);
    const { ops } = await readStranded(home, kept, crypto);
    aside.set(
      home.scope,
      ops.map(({ op }) => op),
    );
    for (const segment of [...log.segments, ...asideOf(home)]) {
      const opened = await openSegment(segment, keyringOf(home), crypto);
      if (opened.kind !== "plain") continue;
      const { writer, first } = segment.header;
      opBytesIn(opened.body).forEach((bytes, index) => {
        note(opName(home.scope, writer, first + index), bytes);
      });
    }
    for (const writer of writersOf(home)) {
      for (const run of writer.pending()) {
        const { body, first } = writer.draftOf(run, null);
        opBytesIn(body).forEach((bytes, index) => {
          note(opName(home.scope, writer.id, first + index), bytes);
        });
      }
    }
  }
  const closed = new Set(
    engine.registry
      .homes()
      .flatMap(({ membership, scope }) => (membership.kind === "closed" ? [scope] : [])),
  );
  return { homes, opBytes, pending, closed, aside };
};

const asideOf = ({ aside, membership }: Home): readonly DeliveredSegment[] =>
  aside.flatMap(({ bytes }) => {
    const parsed = parseSegment(bytes);
    const origin = { signingKey: membership.device.publicKey, certificate: null };
    return parsed.ok ? [deliverOwn(parsed.value, origin)] : [];
  });

export const opName = (scope: ScopeId, writer: WriterId, n: number): string =>
  `${scope}/${writer}/${n}`;

/** Whether all ops of a commit are in the log. */
export const isHeld = (log: EngineLog, { parts }: Commit): boolean =>
  parts.every((part) =>
    part.ops.every((bytes, index) => isOpHeld(log, part, part.first + index, bytes)),
  );

/**
 * Under its own name, or written anew under another, which its origin tells: this name, or that of
 * where it had moved from before. What is written anew in a closed network leaves out deletes of
 * documents that void logs had made.
 */
const isOpHeld = (log: EngineLog, part: JournalPart, n: number, bytes: Uint8Array): boolean => {
  const named = log.opBytes.get(opName(part.scope, part.writer, n)) ?? [];
  if (named.includes(bytesToHex(bytes))) return true;
  const { homes, pending, aside } = log;
  const ops = [homes.get(part.scope)?.ops, pending.get(part.scope), aside.get(part.scope)].flatMap(
    (each) => each ?? [],
  );
  const { kind, id } = headOf(bytes);
  if (log.closed.has(part.scope) && kind === 1) return true;
  const text = bytesToHex(bytes);
  const isOrigin = (origin: { readonly writer: string; readonly n: number }): boolean =>
    (origin.writer === part.writer && origin.n === n) || text.includes(origin.writer);
  return ops.some((op) => {
    if (op.kind === "delete") return kind === 1 && op.id === id;
    if (op.kind !== "write" || kind !== 0 || op.id !== id) return false;
    const { entries } = op;
    return (
      entries.length === 0 || entries.some(({ origin }) => origin !== null && isOrigin(origin))
    );
  });
};

/** An op begins [kind, document id, …]. */
const headOf = (bytes: Uint8Array): { readonly kind: number; readonly id: string } => {
  const reader = new CborReader(bytes);
  reader.readArrayHead();
  return { kind: reader.readUint(), id: reader.readText() };
};
