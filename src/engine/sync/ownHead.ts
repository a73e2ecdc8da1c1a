/**
 * A peer shows a header that one of this device's writers is said to have signed, and that is not
 * here. If it is so, this profile was rolled back or copied: the incarnation ends before it numbers
 * an op that another has numbered.
 */
import { shortened } from "../../core/base/ids.ts";
import { decodeHeader } from "../../core/segment/header.ts";
import { signedText } from "../../core/segment/seal.ts";
import { headerHashOf } from "../../core/base/ids.ts";
import { sha256 } from "../../core/crypto/hash.ts";
import type { Engine } from "../engine.ts";
import type { Home } from "../home.ts";

export const checkOwnHead = async (
  { deps, rebuild }: Engine,
  home: Home,
  headerBytes: Uint8Array,
  signature: Uint8Array | null,
): Promise<void> => {
  const header = decodeHeader(headerBytes);
  if (!header.ok || signature === null) return;
  const isPresent = home.writer?.id === header.value.writer;
  const isKnown = home.tree.held(shortened(headerHashOf(sha256(headerBytes)))) !== null;
  if (!isPresent || isKnown) return;
  const { membership, scope } = home;
  const text = signedText(headerBytes, { networkHash: membership.network.networkHash, scope });
  if (await deps.crypto.verify(membership.device.publicKey, signature, text)) {
    await rebuild.beginAnew(home);
  }
};
