/** Invite links: what is written and read again, and what anybody may paste instead. */
import { ed25519 } from "@noble/curves/ed25519.js";
import { describe, expect, test } from "vitest";
import { base64UrlToBytes, bytesToBase64Url } from "../../../../../src/core/base/bytes.ts";
import { shortHashOf } from "../../../../../src/core/base/ids.ts";
import {
  clockMillisecondsMax,
  inviteRelayBytesMax,
  inviteRelaysMax,
  inviteTextBytesMax,
} from "../../../../../src/core/base/limits.ts";
import { encodeCbor, type CborItem } from "../../../../../src/core/cbor/item.ts";
import { deriveKey, sha256 } from "../../../../../src/core/crypto/hash.ts";
import {
  inviteGreetingKey,
  inviteKeys,
  inviteLink,
  readInvite,
  type Invite,
  type InviteFault,
} from "../../../../../src/core/network/closed/invite.ts";
import { createNodeCrypto } from "../../../../support/nodeCrypto.ts";
import { createRandom } from "../../../../support/random.ts";

const random = createRandom(77);
const app = "https://nebulus.example/";
const bytes = (size: number, byte = 7) => new Uint8Array(size).fill(byte);

const invite: Invite = {
  networkHash: random.bytes(32),
  name: "Caf\u00e9 team",
  seed: random.bytes(32),
  makerKeyHash: sha256(random.bytes(32)),
  controlHead: { term: 2, height: 40, hash: shortHashOf(random.bytes(16)) },
  relays: ["/dns4/relay.example/tcp/443/wss/p2p/12D3KooWExample", "wss://other.example"],
  expiry: 1_750_000_000_000,
  extensions: [{ id: 3, critical: false, bytes: random.bytes(5) }],
};

const linkOf = (changes: Partial<Invite> = {}, url = app): string => {
  const link = inviteLink(url, { ...invite, ...changes });
  if (!link.ok) throw new Error(link.error);
  return link.value;
};

const linkFault = (changes: Partial<Invite>, url = app): InviteFault | "made" => {
  const link = inviteLink(url, { ...invite, ...changes });
  return link.ok ? "made" : link.error;
};

const fault = (text: string): InviteFault | "read" => {
  const read = readInvite(text);
  return read.ok ? "read" : read.error;
};

const codeOf = (item: CborItem): string => bytesToBase64Url(encodeCbor(item));

describe("a link", () => {
  test("is the app's address and the invite as CBOR", () => {
    const link = linkOf();
    expect(link.startsWith(`${app}#join=`)).toBe(true);
    const { controlHead, extensions } = invite;
    expect(link.slice(`${app}#join=`.length)).toBe(
      codeOf([
        ...[1, invite.networkHash, invite.name, invite.seed, invite.makerKeyHash],
        [controlHead.term, controlHead.height, hexBytes(controlHead.hash)],
        ...[invite.relays, invite.expiry],
        extensions.map(({ id, critical, bytes: inner }) => [id, critical, inner]),
      ]),
    );
    expect(readInvite(link)).toEqual({ ok: true, value: invite });
  });

  test("with little or much in it comes back as it was", () => {
    const cases: readonly Partial<Invite>[] = [
      { relays: [], expiry: null, extensions: [], name: "x" },
      { name: "é".repeat(64), expiry: 0 },
      { relays: Array.from({ length: inviteRelaysMax }, () => "wss://relay.example") },
      { relays: ["é".repeat(inviteRelayBytesMax / 2)], expiry: clockMillisecondsMax },
      { controlHead: { term: 0, height: 0, hash: shortHashOf(bytes(16)) } },
    ];
    for (const changes of cases) {
      expect(readInvite(linkOf(changes))).toEqual({ ok: true, value: { ...invite, ...changes } });
    }
  });

  test("keeps the address, without a fragment that it has", () => {
    const ends = (url: string) => linkOf({}, url).split("join=")[0];
    expect(ends("https://nebulus.example/app/?a=1#/notes#x")).toBe(
      "https://nebulus.example/app/?a=1#",
    );
    expect(ends(" http://localhost:5173/ ")).toBe("http://localhost:5173/#");
    expect(ends("")).toBe("#");
  });

  test("is not made of what nobody would read", () => {
    const form: readonly Partial<Invite>[] = [
      { networkHash: bytes(31) },
      { seed: bytes(33) },
      { makerKeyHash: bytes(0) },
      { name: "" },
      { name: "Cafe\u0301" },
      { name: "é".repeat(64) + "e" },
      { name: "a\ud800" },
      { relays: [""] },
      { relays: ["\udc00"] },
      { relays: ["x".repeat(inviteRelayBytesMax + 1)] },
      { relays: Array.from({ length: inviteRelaysMax + 1 }, () => "wss://relay.example") },
      { expiry: -1 },
      { expiry: 1.5 },
      { expiry: clockMillisecondsMax + 1 },
      { controlHead: { ...invite.controlHead, height: -1 } },
    ];
    for (const changes of form) expect(linkFault(changes)).toBe("invite-form");
    const long = "x".repeat(inviteRelayBytesMax);
    expect(linkFault({ relays: Array.from({ length: inviteRelaysMax }, () => long) })).toBe(
      "invite-too-long",
    );
    expect(linkFault({}, `https://${"x".repeat(inviteTextBytesMax)}`)).toBe("invite-too-long");
    const newer = [{ id: 3, critical: true, bytes: bytes(1) }];
    expect(linkFault({ extensions: newer })).toBe("invite-critical-extension");
  });
});

const hexBytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"));

describe("reading what was pasted", () => {
  const link = linkOf();
  const fragment = link.slice(link.indexOf("#"));
  const code = fragment.slice("#join=".length);

  test("the whole link, words before it, its fragment or the code, with space around", () => {
    const same = [
      link,
      fragment,
      fragment.slice(1),
      code,
      `http://[::1]:8080/x?y${fragment}`,
      `Come: ${link}`,
    ];
    for (const text of [...same, ...same.map((each) => `\n\t ${each}\u00a0\r\n`)]) {
      expect(readInvite(text)).toEqual({ ok: true, value: invite });
    }
  });

  test("anything else is no invite", () => {
    const wrong = [
      ...["", " ", "#", "#join=", "join=", "hello", app, `${app}#`, `${app}#${code}`, `#${code}`],
      ...[`${code}=`, `${code}.`, `${link} x`, link.replace("join", "JOIN")],
      ...[`${link}#`, `${fragment}${fragment}`, `#join=join=${code}`, link.replace("=", "%3D")],
      ...["\ud800", "😀".repeat(100), "\0", code.slice(0, 40) + "\n" + code.slice(40)],
    ];
    for (const text of wrong) expect(fault(text), JSON.stringify(text)).toBe("invite-form");
  });

  test("cut at any length it is none, and nothing is thrown", () => {
    for (let length = 0; length < code.length; length++) {
      expect(fault(code.slice(0, length))).toBe("invite-form");
      expect(fault(link.slice(0, app.length + length))).toBe("invite-form");
      if (length > 0) expect(fault(code.slice(length))).not.toBe("read");
    }
    const decoded = base64UrlToBytes(code) ?? bytes(0);
    expect(fault(bytesToBase64Url(Uint8Array.of(...decoded, 0)))).toBe("invite-form");
  });

  test("8 KiB and no more, space around not counted", () => {
    const at = (size: number) => `#join=${code}`.padStart(size, "a");
    expect(fault(at(inviteTextBytesMax))).toBe("read");
    expect(fault(` ${at(inviteTextBytesMax)}${" ".repeat(10_000)}`)).toBe("read");
    expect(fault(at(inviteTextBytesMax + 1))).toBe("invite-too-long");
    expect(fault(`é${at(inviteTextBytesMax - 1)}`)).toBe("invite-too-long");
    expect(fault("A".repeat(10_000_000))).toBe("invite-too-long");
  });

  const head: CborItem = [0, 0, bytes(16)];
  const sound = (): CborItem[] => [
    ...[1, bytes(32), "team", bytes(32), bytes(32), head, ["wss://relay.example"], null, []],
  ];
  const withItem = (index: number, item: CborItem): CborItem[] => sound().with(index, item);

  test("another version is told apart, whatever it holds", () => {
    expect(fault(codeOf(sound()))).toBe("read");
    expect(fault(codeOf(withItem(0, 2)))).toBe("invite-version");
    expect(fault(codeOf([2, "something else"]))).toBe("invite-version");
    expect(fault(codeOf(withItem(0, 0)))).toBe("invite-version");
    expect(fault(codeOf(withItem(0, -1)))).toBe("invite-form");
  });

  test("a critical extension needs a newer program, others do not", () => {
    expect(fault(codeOf(withItem(8, [[9, false, bytes(3)]])))).toBe("read");
    const both: CborItem = [
      [9, false, bytes(3)],
      [1, true, bytes(0)],
    ];
    expect(fault(codeOf(withItem(8, both)))).toBe("invite-critical-extension");
  });

  const relays = (count: number): CborItem => Array.from({ length: count }, () => "x");
  const shapes: readonly (readonly [string, CborItem])[] = [
    ["no array", "team"],
    ["nothing", []],
    ["a part too few", sound().slice(0, 8)],
    ["a part too many", [...sound(), null]],
    ["a short network hash", withItem(1, bytes(31))],
    ["a name of bytes", withItem(2, bytes(4))],
    ["an empty name", withItem(2, "")],
    ["a long name", withItem(2, "x".repeat(129))],
    ["a name that is not in NFC", withItem(2, "e\u0301")],
    ["a long seed", withItem(3, bytes(33))],
    ["no maker", withItem(4, null)],
    ["a head of two parts", withItem(5, [0, 0])],
    ["a head with a long hash", withItem(5, [0, 0, bytes(32)])],
    ["a head before the first", withItem(5, [0, -1, bytes(16)])],
    ["no relays", withItem(6, null)],
    ["a relay of bytes", withItem(6, [bytes(3)])],
    ["an empty relay", withItem(6, [""])],
    ["a long relay", withItem(6, ["x".repeat(inviteRelayBytesMax + 1)])],
    ["too many relays", withItem(6, relays(inviteRelaysMax + 1))],
    ["an expiry in the past of all", withItem(7, -1)],
    ["an expiry that is no whole number", withItem(7, 0.5)],
    ["an expiry that is no date", withItem(7, clockMillisecondsMax + 1)],
    ["no extensions", withItem(8, null)],
    ["an extension of two parts", withItem(8, [[1, false]])],
  ];
  test.each(shapes)("is no invite: %s", (_what, item) => {
    expect(fault(codeOf(item))).toBe("invite-form");
  });

  test("10,000 changed links never throw, and what is read is written again", () => {
    const alphabet = "ABCxyz059-_#=%/ é\ud800\n";
    let read = 0;
    for (let run = 0; run < 10_000; run++) {
      const characters = Array.from(random.pick([link, fragment, code]));
      for (let left = 1 + random.integer(4); left > 0; left--) {
        const at = random.integer(characters.length + 1);
        const letter = alphabet[random.integer(alphabet.length)] ?? "";
        const cut = random.pick([0, 1, 1, 1, 2, random.integer(characters.length)]);
        characters.splice(at, cut, random.chance(0.8) ? letter : "");
      }
      const outcome = readInvite(characters.join(""));
      if (!outcome.ok) continue;
      read++;
      expect(readInvite(linkOf(outcome.value))).toEqual(outcome);
    }
    expect(read).toBeGreaterThan(100);
  });

  test("10,000 changed contents never throw", () => {
    const whole = base64UrlToBytes(code) ?? bytes(0);
    for (let run = 0; run < 10_000; run++) {
      const changed = whole.slice();
      for (let left = 1 + random.integer(3); left > 0; left--) {
        changed[random.integer(changed.length)] = random.integer(256);
      }
      const outcome = readInvite(bytesToBase64Url(changed));
      if (outcome.ok)
        expect(linkOf(outcome.value)).toBe(`${app}#join=${bytesToBase64Url(changed)}`);
    }
  });
});

test("the seed gives the key in the chain, and that the key of the greeting", async () => {
  const crypto = createNodeCrypto(random);
  const { publicKey, greetingKey } = await inviteKeys(invite.seed, crypto);
  expect(publicKey).toEqual(ed25519.getPublicKey(invite.seed));
  expect(greetingKey).toEqual(deriveKey(publicKey, "invite", []));
  expect(inviteGreetingKey(publicKey)).toEqual(greetingKey);
  const other = await inviteKeys(random.bytes(32), crypto);
  expect(other.greetingKey).not.toEqual(greetingKey);
});
