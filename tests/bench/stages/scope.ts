/**
 * One collection of an open network, with the platform's own cryptography: what the stages write
 * into and read from, made of the product's own parts.
 */
import { emptyPages } from "../../support/emptyPages.ts";
import type { ScopeId } from "../../../src/core/base/types.ts";
import type { CryptoPort } from "../../../src/core/crypto/port.ts";
import type { ControlHead } from "../../../src/core/network/control.ts";
import { scopeOf } from "../../../src/core/network/keys.ts";
import { createWebCrypto } from "../../../src/engine/crypto/webcrypto.ts";
import { createHome, sealingKeysOf, type Home } from "../../../src/engine/home.ts";
import { joinOpenNetwork, type OpenMembership } from "../../../src/engine/identity.ts";
import type { SealingKeys } from "../../../src/core/segment/seal.ts";

export interface BenchScope {
  readonly crypto: CryptoPort;
  readonly membership: OpenMembership;
  readonly scope: ScopeId;
  readonly controlHead: ControlHead;
  readonly keys: SealingKeys & { readonly suite: 1 };
  /** A replica that holds nothing yet. */
  readonly home: () => Home;
}

export const collection = "notes";
export const networkName = "bench";
export const sharedSecret = "a shared secret that everyone can read here";

export const createBenchScope = async (): Promise<BenchScope> => {
  const crypto = createWebCrypto(globalThis.crypto);
  const options = { networkId: networkName, title: "Bench", secret: sharedSecret, fromName: false };
  const { membership } = await joinOpenNetwork(options, crypto);
  const scope = scopeOf(membership.network, collection, "documents");
  const home = (): Home => createHome({ pages: emptyPages(), membership, collection, scope });
  const keys = sealingKeysOf(home());
  if (keys.suite !== 1) throw new Error("an open network seals");
  return { crypto, membership, scope, controlHead: membership.control.head(), keys, home };
};
