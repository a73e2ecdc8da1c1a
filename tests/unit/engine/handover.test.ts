/**
 * What a maker hands to a joiner: for this device, of this maker, in this network, and for nobody
 * else.
 */
import { expect, test } from "vitest";
import { shortHashOf } from "../../../src/core/base/ids.ts";
import { openHandover, sealHandover } from "../../../src/engine/closed/handover.ts";
import { createNodeCrypto } from "../../support/nodeCrypto.ts";
import { createRandom } from "../../support/random.ts";

const crypto = createNodeCrypto(createRandom(1));
const handover = {
  networkSecret: crypto.randomBytes(32),
  keys: new Map([[shortHashOf(crypto.randomBytes(16)), crypto.randomBytes(32)]]),
  account: null,
};
const place = {
  networkHash: crypto.randomBytes(32),
  maker: crypto.randomBytes(32),
  joiner: crypto.randomBytes(32),
};

test("it opens for the joiner, with and without an account", async () => {
  const seed = crypto.randomBytes(32);
  const key = await crypto.xWing.publicKey(seed);
  const account = { certificate: crypto.randomBytes(200), seed: crypto.randomBytes(32) };
  for (const each of [handover, { ...handover, account }]) {
    const sealed = await sealHandover(each, key, place, crypto);
    expect(sealed && (await openHandover(sealed, seed, place, crypto))).toEqual(each);
  }
});

test("it opens for nobody else, at no other place, and not with a bit changed", async () => {
  const seed = crypto.randomBytes(32);
  const sealed = await sealHandover(handover, await crypto.xWing.publicKey(seed), place, crypto);
  if (sealed === null) throw new Error("the key is sound");
  expect(await openHandover(sealed, crypto.randomBytes(32), place, crypto)).toBeNull();
  for (const name of ["networkHash", "maker", "joiner"] as const) {
    const other = { ...place, [name]: crypto.randomBytes(32) };
    expect(await openHandover(sealed, seed, other, crypto), name).toBeNull();
  }
  for (let at = 0; at < sealed.length; at += 61) {
    const changed = sealed.slice();
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(await openHandover(changed, seed, place, crypto), String(at)).toBeNull();
  }
  for (const length of [0, 100, 1_120, 1_130, sealed.length - 1]) {
    expect(await openHandover(sealed.subarray(0, length), seed, place, crypto)).toBeNull();
  }
  expect(await sealHandover(handover, new Uint8Array(7), place, crypto)).toBeNull();
});
