/** What members are called: sealed for them, for one account, and fit to be shown. */
import { expect, test } from "vitest";
import { shortHashOf } from "../../../../../src/core/base/ids.ts";
import { sealedNameBytesMax } from "../../../../../src/core/base/limits.ts";
import { encodeCbor, type CborItem } from "../../../../../src/core/cbor/item.ts";
import {
  isMemberName,
  openMemberName,
  sealMemberName,
} from "../../../../../src/core/network/closed/memberName.ts";
import { sealForMembers } from "../../../../../src/core/network/closed/memberSeal.ts";
import { createNodeCrypto } from "../../../../support/nodeCrypto.ts";
import { createRandom } from "../../../../support/random.ts";
import { mutate } from "../../../../support/mutate.ts";

const crypto = createNodeCrypto(createRandom(3));
const epoch = { id: shortHashOf(new Uint8Array(16).fill(9)), key: new Uint8Array(32).fill(3) };
const epochs = { key: (id: typeof epoch.id) => (id === epoch.id ? epoch.key : null) };
const ada = { networkHash: new Uint8Array(32).fill(1), account: new Uint8Array(32).fill(2) };

test("who has the key reads it, for that account in that network alone", async () => {
  const sealed = await sealMemberName("Ada", epoch, ada, crypto);
  expect(await openMemberName(sealed, epochs, ada, crypto)).toBe("Ada");
  expect(await openMemberName(sealed, { key: () => null }, ada, crypto)).toBeNull();
  const others = [
    { ...ada, account: new Uint8Array(32).fill(4) },
    { ...ada, networkHash: new Uint8Array(32).fill(4) },
  ];
  for (const other of others)
    expect(await openMemberName(sealed, epochs, other, crypto)).toBeNull();
  expect(Buffer.from(sealed).includes("Ada")).toBe(false);
  const longest = await sealMemberName("ä".repeat(64), epoch, ada, crypto);
  expect(longest.length).toBeLessThan(sealedNameBytesMax);
  const none = await sealMemberName("", epoch, ada, crypto);
  expect(await openMemberName(none, epochs, ada, crypto)).toBeNull();
});

test("names that could not be shown in a line, or turn what stands beside them, are none", () => {
  for (const name of ["Ada", "Ærøskøbing 🦊", "李雷", "ا", "O'Neil & Söhne"]) {
    expect(isMemberName(name), name).toBe(true);
  }
  const bad = ["", " Ada", "a\nb", "a\tb", "\u0000", "a\u2028b", "a\u202eb", "\u2066x", "e\u0301"];
  for (const name of [...bad, "\ud800", "x".repeat(129)]) {
    expect(isMemberName(name), JSON.stringify(name)).toBe(false);
  }
});

test("4,000 malformed ones, half of them sealed by a member, do no harm", async () => {
  const random = createRandom(15);
  const sealed = await sealMemberName("Ada", epoch, ada, crypto);
  const plain = encodeCbor([1, "Ada", []]);
  const about = { label: "name", networkHash: ada.networkHash, subject: ada.account } as const;
  for (let turn = 0; turn < 2_000; turn++) {
    const changed = mutate(sealed, random);
    const isSame = Buffer.compare(changed, sealed) === 0;
    expect(await openMemberName(changed, epochs, ada, crypto)).toBe(isSame ? "Ada" : null);
    const anything = await sealForMembers(mutate(plain, random), epoch, about, crypto);
    const read = await openMemberName(anything, epochs, ada, crypto);
    if (read !== null) expect(isMemberName(read)).toBe(true);
  }
  const newer: readonly CborItem[] = [
    [2, "Ada", []],
    [1, "Ada", [[7, true, new Uint8Array(1)]]],
    [1, "a\nb", []],
  ];
  for (const item of newer) {
    const bytes = await sealForMembers(encodeCbor(item), epoch, about, crypto);
    expect(await openMemberName(bytes, epochs, ada, crypto)).toBeNull();
  }
});
