/**
 * A network of suite 0, which FORMATS.md §3 allows to a test's genesis: nothing is sealed or
 * signed, so that simulations have time for more. Members still greet each other by certificates.
 */
import { encodeCbor } from "../../src/core/cbor/item.ts";
import { hash } from "../../src/core/crypto/hash.ts";
import { openNetwork, type OpenNetworkMaker } from "../../src/core/network/open.ts";

export const testNetwork: OpenNetworkMaker = async (name, secret, publicKey) => {
  const open = await openNetwork(name, secret, publicKey);
  const genesis = encodeCbor([1, "test", open.name]);
  return { ...open, suite: 0, genesis, networkHash: hash("genesis", genesis) };
};
