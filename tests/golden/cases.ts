/**
 * What golden bytes must mean, now and in every version to come. One list, which golden.test.ts
 * runs in Node and tests/browser/golden.test.ts in Chromium.
 */
import { expect } from "vitest";
import { bytesToHex, hexToBytes } from "../../src/core/base/bytes.ts";
import type { ScopeId } from "../../src/core/base/types.ts";
import { sha256 } from "../../src/core/crypto/hash.ts";
import { checkCertificate } from "../../src/core/network/certificate.ts";
import { rendezvousTags, scopeOf, writerOf } from "../../src/core/network/keys.ts";
import { localNetwork, type LocalNetwork } from "../../src/core/network/local.ts";
import type { OpenNetwork } from "../../src/core/network/open.ts";
import { openNetwork } from "../support/openNetwork.ts";
import { decodeBody } from "../../src/core/segment/body.ts";
import { inflateBody } from "../../src/core/segment/compress.ts";
import { OpenRun, type OwnOp } from "../../src/core/segment/cut.ts";
import { encodeHeader } from "../../src/core/segment/header.ts";
import { encodeSegment } from "../../src/core/segment/segment.ts";
import { createWebCrypto } from "../../src/engine/crypto/webcrypto.ts";
import { deflatedCases } from "./deflated.ts";
import { describe } from "./describe.ts";
import { checkJournalFile, checkJournalNote } from "./journal.ts";
import { createGoldenReader, type GoldenReader } from "./read.ts";
import golden from "./segments.json" with { type: "json" };

export interface GoldenCase {
  readonly name: string;
  readonly check: () => void | Promise<void>;
}

const openGolden = golden.open;
const localGolden = golden.local;

const theOpenNetwork = (): OpenNetwork => openNetwork(openGolden.name, openGolden.secret);
const theLocalNetwork = (): LocalNetwork =>
  localNetwork(hexToBytes(localGolden.secret), hexToBytes(localGolden.id));

const checkOpenKeys = async (): Promise<void> => {
  const network = theOpenNetwork();
  const { networkHash } = network;
  expect(describe(network)).toEqual(openGolden.network);
  expect(scopeOf(network, "notes", "documents")).toBe(openGolden.scope);
  expect(rendezvousTags(network.epoch, openGolden.day)).toEqual(openGolden.rendezvousTags);
  const bytes = hexToBytes(openGolden.certificate);
  const crypto = createWebCrypto(globalThis.crypto);
  const certificate = await checkCertificate(bytes, networkHash, crypto);
  expect(certificate.ok && bytesToHex(certificate.value.account)).toBe(
    bytesToHex(network.account.publicKey),
  );
  const scope = scopeOf(network, "notes", "documents");
  expect(
    openGolden.writers.map(({ opening }) => writerOfOpening(networkHash, scope, opening)),
  ).toEqual(openGolden.writers.map(({ writer }) => writer));
};

interface OpeningText {
  readonly signingKey: { readonly hex: string };
  readonly incarnation: { readonly hex: string };
}

const writerOfOpening = (networkHash: Uint8Array, scope: ScopeId, opening: OpeningText): string =>
  writerOf(
    networkHash,
    scope,
    hexToBytes(opening.signingKey.hex),
    hexToBytes(opening.incarnation.hex),
  );

const checkLocalKeys = (): void => {
  const network = theLocalNetwork();
  expect(describe(network)).toEqual(localGolden.network);
  expect(scopeOf(network, "notes", "documents")).toBe(localGolden.scope);
};

interface GoldenLog {
  readonly segments: readonly {
    readonly name: string;
    readonly bytes: string;
    readonly reads: unknown;
  }[];
  readonly state: unknown;
}

const readLog = async (
  network: OpenNetwork | LocalNetwork,
  log: GoldenLog,
): Promise<GoldenReader> => {
  const reader = createGoldenReader(network, scopeOf(network, "notes", "documents"));
  for (const { name, bytes, reads } of log.segments) {
    expect({ name, reads: await reader.read(hexToBytes(bytes)) }).toEqual({ name, reads });
  }
  expect(reader.state()).toEqual(log.state);
  return reader;
};

/**
 * What was read is written again to the same bytes: headers, frames of segments, and sound bodies.
 */
const checkWriting = async (
  network: OpenNetwork | LocalNetwork,
  log: GoldenLog,
  wholeBodies: readonly string[],
): Promise<void> => {
  const { tree, log: read } = await readLog(network, log);
  for (const [index, { segment, opened }] of read.entries()) {
    const { header, headerHash, signature, body, bytes } = segment;
    expect(encodeSegment(encodeHeader(header), signature, body)).toEqual(bytes);
    const name = log.segments[index]?.name ?? "";
    if (!wholeBodies.includes(name) || opened.kind !== "plain") continue;
    const ops = decodeBody(opened.body, header, tree.namesFor(headerHash, header.rows));
    const run = new OpenRun({
      ...{ writer: header.writer, first: header.first, baseTime: header.time },
      locate: tree.locate,
    });
    const outcome = run.append(ops.filter(isOwn));
    expect(outcome.kind).toBe("appended");
    const { previous, opening, controlHead } = header;
    const draft = run.toDraft({ previous, opening, controlHead });
    expect(draft.body).toEqual(opened.body);
    expect(draft.rows).toEqual(header.rows);
  }
};

const isOwn = (op: { readonly kind: string }): op is OwnOp =>
  op.kind === "write" || op.kind === "delete";

export const goldenCases: readonly GoldenCase[] = [
  { name: "keys, scope, writers, tags and certificate of an open network", check: checkOpenKeys },
  { name: "keys and scope of a local network", check: checkLocalKeys },
  {
    name: "the log of an open network, sealed and signed",
    check: () =>
      checkWriting(theOpenNetwork(), openGolden.log, ["of another writer", "every kind of op"]),
  },
  {
    name: "the log of a local network",
    check: () => checkWriting(theLocalNetwork(), localGolden.log, ["of the local network"]),
  },
  { name: "a journal file", check: checkJournalFile },
  { name: "the note of a journal in the tables", check: checkJournalNote },
  ...deflatedCases.map(({ name, stored, announced, verdict, plainHash }) => ({
    name: `a deflated body: ${name}`,
    check: () => {
      const inflated = inflateBody(stored, announced);
      expect(inflated.ok ? "sound" : inflated.error).toBe(verdict);
      expect(inflated.ok ? bytesToHex(sha256(inflated.value)) : null).toBe(plainHash);
    },
  })),
];
