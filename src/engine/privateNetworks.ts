/**
 * Networks in which this device keeps documents private unless they are shared one by one: its own
 * decision, of which no member hears. By the network's hash:
 *
 * `private/<hash>` = true
 *
 * What was in a collection before it was attached there is marked private too, so that it stays so
 * whatever becomes of the network.
 */
import { bytesToHex } from "../core/base/bytes.ts";
import { encodeCbor } from "../core/cbor/item.ts";
import type { MetaChange } from "./device.ts";

export const privateChange = (networkHash: Uint8Array, isPrivate: boolean): MetaChange => [
  privatePrefix + bytesToHex(networkHash),
  isPrivate ? encodeCbor(true) : null,
];

/** Whatever a record says: where there is one, less leaves this device. */
export const readPrivateNetworks = (meta: ReadonlyMap<string, Uint8Array>): readonly string[] =>
  [...meta.keys()]
    .filter((key) => key.startsWith(privatePrefix))
    .map((key) => key.slice(privatePrefix.length));

const privatePrefix = "private/";
