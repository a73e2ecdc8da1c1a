/**
 * A peer shows a header that one of this device's writers is said to have signed, and that is not
 * here. If it is so, this profile was rolled back or copied: the incarnation ends before it numbers
 * an op that another has numbered.
 */
import { shortened } from "../../core/base/ids.ts";
import type { CryptoPort } from "../../core/crypto/port.ts";
import { decodeHeader } from "../../core/segment/header.ts";
import { signedText } from "../../core/segment/seal.ts";
import { headerHashOf } from "../../core/base/ids.ts";
import { sha256 } from "../../core/crypto/hash.ts";
import type { Engine } from "../engine.ts";
import type { Home } from "../home.ts";

export const checkOwnHead = (
  engine: Engine,
  home: Home,
  headerBytes: Uint8Array,
  signature: Uint8Array | null,
): Promise<void> =>
  // The home's tree is made anew: not while a segment is being judged by the present one.
  engine.ingest.inTurn(home, async () => {
    const { deps, rebuild } = engine;
    const header = decodeHeader(headerBytes);
    if (!header.ok) return;
    const isPresent = home.writer?.id === header.value.writer;
    const isKnown = home.tree.held(shortened(headerHashOf(sha256(headerBytes)))) !== null;
    if (!isPresent || isKnown) return;
    if (await isOwnHeader(home, headerBytes, signature, deps.crypto)) await rebuild.beginAnew(home);
  });

/** In suite 0 nothing is signed, and a writer's name is its word. */
const isOwnHeader = async (
  { membership, scope }: Home,
  headerBytes: Uint8Array,
  signature: Uint8Array | null,
  crypto: CryptoPort,
): Promise<boolean> => {
  const { networkHash, suite } = membership.network;
  if (suite === 0 || signature === null) return suite === 0;
  const text = signedText(headerBytes, { networkHash, scope });
  return crypto.verify(membership.device.publicKey, signature, text);
};
