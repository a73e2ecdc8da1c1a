/**
 * What members of a closed network are called by its chain, as far as it can be read here.
 */
import { hexToBytes } from "../../core/base/bytes.ts";
import type { ShortHash } from "../../core/base/types.ts";
import type { CryptoPort } from "../../core/crypto/port.ts";
import { openMemberName } from "../../core/network/closed/memberName.ts";
import type { ClosedParts } from "./parts.ts";
import { learnRecorded } from "./recorded.ts";

export const learnNames = async (
  { control, network, keys, names }: ClosedParts,
  crypto: Pick<CryptoPort, "open">,
): Promise<void> => {
  const epochs = { key: (id: ShortHash) => keys.get(id) ?? null };
  await learnRecorded(control.state().names, names, (account, bytes) => {
    const named = { networkHash: network.networkHash, account: hexToBytes(account) };
    return openMemberName(bytes, epochs, named, crypto);
  });
};
