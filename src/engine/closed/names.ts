/**
 * What members of a closed network are called by its chain, as far as it can be read here.
 */
import { equalBytes, hexToBytes } from "../../core/base/bytes.ts";
import type { ShortHash } from "../../core/base/types.ts";
import type { CryptoPort } from "../../core/crypto/port.ts";
import { openMemberName } from "../../core/network/closed/memberName.ts";
import type { ClosedParts } from "./parts.ts";

/** Opens what is new, and what could not be opened before. */
export const learnNames = async (
  { control, network, keys, names }: ClosedParts,
  crypto: Pick<CryptoPort, "open">,
): Promise<void> => {
  const epochs = { key: (id: ShortHash) => keys.get(id) ?? null };
  for (const [account, bytes] of control.state().names) {
    const before = names.get(account);
    const isSame = before !== undefined && equalBytes(before.bytes, bytes);
    if (isSame && before.name !== null) continue;
    const named = { networkHash: network.networkHash, account: hexToBytes(account) };
    names.set(account, { bytes, name: await openMemberName(bytes, epochs, named, crypto) });
  }
};
