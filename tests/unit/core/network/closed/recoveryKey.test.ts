/**
 * The recovery key as people write it down and type it again.
 */
import { expect, test } from "vitest";
import {
  readRecoveryKey,
  recoveryKeyText,
} from "../../../../../src/core/network/closed/recoveryKey.ts";
import { createRandom } from "../../../../support/random.ts";

const seed = Uint8Array.from({ length: 32 }, (_, index) => index * 7);

test("it is fourteen groups of four, and the same for good", () => {
  const text = recoveryKeyText(seed);
  expect(text).toBe("AADQ-4FI4-EMVD-COB7-IZGV-IW3C-NFYH-O7UF-RSJZ-VINI-V63L-3RGL-2LMS-EQBT");
  expect(readRecoveryKey(text)).toEqual({ ok: true, value: seed });
});

test("case, spaces, hyphens and digits that look like letters do not matter", () => {
  const random = createRandom(3);
  for (let turn = 0; turn < 200; turn++) {
    const key = random.bytes(32);
    const text = recoveryKeyText(key);
    expect(text).toMatch(/^([A-Z2-7]{4}-){13}[A-Z2-7]{4}$/);
    const typed = text.toLowerCase().replaceAll("-", "\n ").replaceAll("o", "0");
    const alike = typed.replaceAll("l", "1").replaceAll("b", "8");
    expect(readRecoveryKey(` ${alike} `)).toEqual({ ok: true, value: key });
  }
});

test("one character changed, or two exchanged, is found", () => {
  const text = recoveryKeyText(seed).replaceAll("-", "");
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  for (let at = 0; at < text.length; at++) {
    for (const digit of digits) {
      if (digit === text[at]) continue;
      const changed = text.slice(0, at) + digit + text.slice(at + 1);
      expect(readRecoveryKey(changed)).toEqual({ ok: false, error: "recovery-key-checksum" });
    }
    const [a = "", b = ""] = [text[at], text[at + 1]];
    if (a === b || b === "") continue;
    const exchanged = text.slice(0, at) + b + a + text.slice(at + 2);
    expect(readRecoveryKey(exchanged).ok).toBe(false);
  }
});

test("what is no key, or a part of one, is told apart, whatever it is", () => {
  const text = recoveryKeyText(seed);
  const bad = ["", "-", text.slice(1), `${text}A`, `${text}-AAAA`, text.replace("-", "="), "é"];
  for (const each of [...bad, "A".repeat(257), text + " ".repeat(300)]) {
    expect(readRecoveryKey(each)).toEqual({ ok: false, error: "recovery-key-form" });
  }
});
