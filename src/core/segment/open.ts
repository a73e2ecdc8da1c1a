/**
 * From a delivered segment to its plain body. What cannot be opened or inflated by the right key
 * means nothing, the same for everyone who has that key; a key that is not here yet only delays
 * reading.
 */
import { equalBytes } from "../base/bytes.ts";
import { unreachable } from "../base/result.ts";
import type { ShortHash } from "../base/types.ts";
import type { CryptoPort } from "../crypto/port.ts";
import { hasUnknownCritical } from "../network/extensions.ts";
import { inflateBody, type InflateFault } from "./compress.ts";
import type { BodyKey } from "./header.ts";
import { bodyBinding, bodyKeys, type ScopeContext } from "./seal.ts";
import type { DeliveredSegment } from "./segment.ts";

export type OpenFault =
  /** The header commits to another key than that of its epoch. */
  | "body-commitment"
  /** The seal does not hold. */
  | "body-seal"
  | InflateFault;

export type OpenedSegment =
  | { readonly kind: "plain"; readonly body: Uint8Array }
  /** Read it when the key of this epoch is here. */
  | { readonly kind: "missing-key"; readonly epoch: ShortHash }
  /** A newer version of the program marked it as not for this one. */
  | { readonly kind: "needs-newer" }
  /** All its ops are no-ops. */
  | { readonly kind: "fault"; readonly reason: OpenFault };

export interface Keyring extends ScopeContext {
  readonly epochKey: (epoch: ShortHash) => Uint8Array | null;
}

export const openSegment = async (
  segment: DeliveredSegment,
  keyring: Keyring,
  crypto: CryptoPort,
): Promise<OpenedSegment> => {
  const { header } = segment;
  const extensions = [...header.extensions, ...(header.opening?.extensions ?? [])];
  if (hasUnknownCritical(extensions)) return { kind: "needs-newer" };
  if (header.key === null) return inflated(segment, segment.body);
  const unsealed = await unseal(segment, header.key, keyring, crypto);
  return unsealed instanceof Uint8Array ? inflated(segment, unsealed) : unsealed;
};

const unseal = async (
  { header, body }: DeliveredSegment,
  key: BodyKey,
  keyring: Keyring,
  crypto: CryptoPort,
): Promise<Uint8Array | OpenedSegment> => {
  const epochKey = keyring.epochKey(key.epoch);
  if (epochKey === null) return { kind: "missing-key", epoch: key.epoch };
  const { sealingKey, commitment } = bodyKeys(epochKey, key.salt, keyring);
  if (!equalBytes(commitment, key.commitment)) return { kind: "fault", reason: "body-commitment" };
  const stored = await crypto.open(sealingKey, bodyBinding(header, keyring), body);
  return stored ?? { kind: "fault", reason: "body-seal" };
};

const inflated = ({ header }: DeliveredSegment, stored: Uint8Array): OpenedSegment => {
  switch (header.bodyForm) {
    case 0:
      return { kind: "plain", body: stored };
    case 1: {
      const plain = inflateBody(stored, header.bodyLength);
      if (!plain.ok) return { kind: "fault", reason: plain.error };
      return { kind: "plain", body: plain.value };
    }
    default:
      return unreachable(header.bodyForm);
  }
};
