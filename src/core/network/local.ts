/**
 * The network that is never shared: every database has one `local`, of suite 0. Its secret and id
 * are random, made with the database.
 */
import { hash } from "../crypto/hash.ts";
import { assert } from "../base/result.ts";
import { networkKeysOf, type NetworkKeys } from "./keys.ts";

export interface LocalNetwork extends NetworkKeys {
  readonly kind: "local";
  readonly suite: 0;
}

/** From 32 and 16 random bytes. */
export const localNetwork = (secret: Uint8Array, id: Uint8Array): LocalNetwork => {
  assert(secret.length === 32 && id.length === 16, "a local network has 32 and 16 random bytes");
  return { kind: "local", suite: 0, ...networkKeysOf(hash("local", id), secret) };
};
