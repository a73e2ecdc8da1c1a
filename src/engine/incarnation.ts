/**
 * How this device becomes a writer in a scope: a new incarnation, or one that goes on. Numbers of
 * an incarnation are never used twice, which is the likeliest way for real replicas to split for
 * ever (FORMATS.md §3, Incarnations).
 */
import type { WriterId } from "../core/base/types.ts";
import type { CborItem } from "../core/cbor/item.ts";
import type { CryptoPort } from "../core/crypto/port.ts";
import { writerOf } from "../core/network/keys.ts";
import type { Opening } from "../core/segment/header.ts";
import { certificateOf, type Home } from "./home.ts";
import type { PresentWriter } from "./present.ts";
import { OwnWriter, type OwnWriterDeps } from "./writer.ts";

/** The present writer of a home; a new incarnation begins where none is. */
export const ownWriterOf = (home: Home, crypto: CryptoPort): OwnWriter =>
  (home.writer ??= beginIncarnation(home, crypto));

const beginIncarnation = (home: Home, crypto: CryptoPort): OwnWriter => {
  const { scope, membership } = home;
  const opening = openingOf(home, crypto.randomBytes(16));
  const { networkHash } = membership.network;
  const id = writerOf(networkHash, scope, opening.signingKey, opening.incarnation);
  return new OwnWriter({ scope, id, opening, head: null, locate: locateIn(home) });
};

/**
 * One that wrote before; `opening` as the journal kept it, where its first segment is not cut yet.
 */
export const resumeWriter = (
  home: Home,
  { writer: id, head: noted }: PresentWriter,
  opening: CborItem,
): OwnWriter => {
  const node = noted === null ? null : home.tree.get(noted);
  const head = node === null ? null : { n: node.first + node.count - 1, hash: node.hash };
  const incarnation = incarnationIn(opening);
  return new OwnWriter({
    scope: home.scope,
    id,
    opening: incarnation === null ? null : openingOf(home, incarnation),
    head,
    locate: locateIn(home),
  });
};

/**
 * False: the journal is of a database that was here before and had other keys: its files came back
 * and its tables did not. What this device signs can not be that writer's.
 */
export const canOpen = (
  { membership, scope }: Home,
  writer: WriterId,
  opening: CborItem,
): boolean => {
  const incarnation = incarnationIn(opening);
  if (incarnation === null) return true;
  const { network, device } = membership;
  return writerOf(network.networkHash, scope, device.publicKey, incarnation) === writer;
};

const incarnationIn = (opening: CborItem): Uint8Array | null => {
  const incarnation: unknown = Array.isArray(opening) ? opening[1] : null;
  return incarnation instanceof Uint8Array ? incarnation : null;
};

const openingOf = (home: Home, incarnation: Uint8Array): Opening => ({
  signingKey: home.membership.device.publicKey,
  incarnation,
  certificate: certificateOf(home)?.bytes ?? null,
  extensions: [],
});

/** A home's tree is made anew when the home is rebuilt, so it is looked up at each call. */
const locateIn =
  (home: Home): OwnWriterDeps["locate"] =>
  (dot) =>
    home.tree.locate(dot);
