/** The one form of m1 and m2. What m3 to m6 say is tried in whole greetings. */
import { expect, test } from "vitest";
import { concatBytes } from "../../../../src/core/base/bytes.ts";
import { encodeCbor, type CborItem } from "../../../../src/core/cbor/item.ts";
import { hello, readHello } from "../../../../src/core/sync/greetingMessages.ts";
import { crypto } from "./greetingPair.ts";

const nonce = crypto.randomBytes(32);
const read = (item: CborItem) => readHello(encodeCbor(item));
const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at);

test("a hello tells its features, and its nonce is fresh", () => {
  expect(readHello(hello(crypto))).toEqual({ ok: true, value: [] });
  expect(hello(crypto)).not.toEqual(hello(crypto));
  for (const features of [[0], [1, 5, 1_000_000], [Number.MAX_SAFE_INTEGER], upTo(64)]) {
    expect(read([1, nonce, features])).toEqual({ ok: true, value: features });
  }
});

test("any other form is malformed, whatever a later version says", () => {
  const malformed = { ok: false, error: "malformed" };
  const wrong: readonly CborItem[] = [
    [1, nonce],
    [1, nonce, [], []],
    [1, nonce.slice(1), []],
    [1, concatBytes(nonce, Uint8Array.of(0)), []],
    [1, "n".repeat(32), []],
    [1, nonce, null],
    [1, nonce, [2, 1]],
    [1, nonce, [1, 1]],
    [1, nonce, [0, 0]],
    [1, nonce, [-1]],
    [1, nonce, [0.5]],
    [1, nonce, upTo(65)],
    [-1, nonce, []],
    [],
    1,
  ];
  for (const item of wrong) expect(read(item), JSON.stringify(item)).toEqual(malformed);
  const right = encodeCbor([1, nonce, []]);
  expect(readHello(concatBytes(right, Uint8Array.of(0)))).toEqual(malformed);
  expect(readHello(right.subarray(0, -1))).toEqual(malformed);
  expect(readHello(new Uint8Array(0))).toEqual(malformed);
  // A version that is not spoken here may have any parts behind its number.
  for (const item of [[2], [2, nonce, []], [0, nonce, []], [3, null, 1, "x"]]) {
    expect(read(item)).toEqual({ ok: false, error: "version" });
  }
});
