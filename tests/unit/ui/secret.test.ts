/** Shared secrets: long enough as the database counts, and made from the given chance. */
import { expect, test } from "vitest";
import { openNetwork } from "../../support/openNetwork.ts";
import { makeSecret, secretMissing } from "../../../src/ui/text/secret.ts";
import { createRandom } from "../../support/random.ts";

test("one that is made is long enough, and another each time", () => {
  const random = createRandom(1);
  const make = (): string =>
    makeSecret((bytes) => {
      bytes.set(random.bytes(bytes.length));
      return bytes;
    });
  const secrets = Array.from({ length: 20 }, make);
  expect(new Set(secrets).size).toBe(20);
  for (const secret of secrets) {
    expect(secret).toMatch(/^[\w-]{43}$/);
    expect(secretMissing(secret)).toBe(0);
  }
});

test.each([
  "",
  "x".repeat(31),
  "x".repeat(32),
  "é".repeat(15),
  "é".repeat(16),
  "e\u0301".repeat(15),
])("%j is judged as the database judges it", (secret) => {
  const join = (): unknown => openNetwork("home", secret);
  if (secretMissing(secret) === 0) expect(join).not.toThrow();
  else expect(join).toThrow();
});
