/** Labelled hashes and derived keys against Node's cryptography. */
import { createHash, createHmac, hkdfSync } from "node:crypto";
import { expect, test } from "vitest";
import { bytesToHex } from "../../../../src/core/base/bytes.ts";
import { encodeCbor, type CborItem } from "../../../../src/core/cbor/item.ts";
import {
  deriveKey,
  hash,
  hmac,
  labelled,
  sha256,
  shortHash,
} from "../../../../src/core/crypto/hash.ts";
import { createRandom } from "../../../support/random.ts";

const random = createRandom(4_711);
const plain = (bytes: Uint8Array | ArrayBuffer): Uint8Array => new Uint8Array(bytes);

test("labels stand before the parts, in one array", () => {
  expect(bytesToHex(labelled("tag", [1, "a"]))).toBe("836f6e6562756c757364622f312f746167016161");
  expect(labelled("tag", [])).toEqual(encodeCbor(["nebulusdb/1/tag"]));
});

test("H is pinned", () => {
  expect(bytesToHex(hash("test", Uint8Array.of(1), [2, null]))).toBe(
    createHash("sha256")
      .update(Buffer.from("83706e6562756c757364622f312f7465737441018202f6", "hex"))
      .digest("hex"),
  );
  expect(hash("a")).not.toEqual(hash("b"));
  expect(hash("a", "b", "c")).not.toEqual(hash("a", ["b", "c"]));
});

test("equal to Node's on random input", () => {
  for (let run = 0; run < 200; run++) {
    const key = random.bytes(random.integer(100));
    const data = random.bytes(random.integer(300));
    const parts: CborItem[] = [data, random.integer(9), "x"];
    const info = labelled("label", parts);
    expect(sha256(data)).toEqual(plain(createHash("sha256").update(data).digest()));
    expect(hmac(key, data)).toEqual(plain(createHmac("sha256", key).update(data).digest()));
    expect(hash("label", ...parts)).toEqual(plain(createHash("sha256").update(info).digest()));
    expect(shortHash("label", ...parts)).toEqual(hash("label", ...parts).subarray(0, 16));
    const salt = random.bytes(random.integer(64));
    const bytes = 1 + random.integer(200);
    expect(deriveKey(key, "label", parts)).toEqual(
      plain(hkdfSync("sha256", key, new Uint8Array(), info, 32)),
    );
    expect(deriveKey(key, "label", parts, { salt, bytes })).toEqual(
      plain(hkdfSync("sha256", key, salt, info, bytes)),
    );
  }
});
