/**
 * What a member of a closed network is called, as its people read it: sealed for them
 * (memberSeal.ts), since the chain is also shown to devices that are none any more.
 *
 * text = CBOR [1, name, extensions], an empty name for none
 */
import { memberNameBytesMax } from "../../base/limits.ts";
import { utf8Length } from "../../base/utf8.ts";
import { encodeCbor } from "../../cbor/item.ts";
import { readWhole } from "../../cbor/structures.ts";
import type { CryptoPort } from "../../crypto/port.ts";
import { hasUnknownCritical, readExtensions } from "../extensions.ts";
import type { EpochKey, Epochs } from "../keys.ts";
import { openForMembers, sealForMembers } from "./memberSeal.ts";

export interface Named {
  readonly networkHash: Uint8Array;
  /** 32 bytes. */
  readonly account: Uint8Array;
}

export const sealMemberName = (
  name: string,
  epoch: EpochKey,
  named: Named,
  crypto: Pick<CryptoPort, "seal" | "randomBytes">,
): Promise<Uint8Array> => sealForMembers(encodeCbor([1, name, []]), epoch, about(named), crypto);

/** null: there is none, or none that can be read here. Never throws. */
export const openMemberName = async (
  bytes: Uint8Array,
  epochs: Pick<Epochs, "key">,
  named: Named,
  crypto: Pick<CryptoPort, "open">,
): Promise<string | null> => {
  const plain = await openForMembers(bytes, epochs, about(named), crypto);
  if (!plain.ok) return null;
  const read = readWhole(plain.value, (reader) => {
    const count = reader.readArrayHead();
    if (reader.readUint() !== 1 || count !== 3) reader.fail("unsupported", "another version");
    const name = reader.readText();
    return hasUnknownCritical(readExtensions(reader)) ? "" : name;
  });
  return read.ok && isMemberName(read.value) ? read.value : null;
};

/** To be shown: of some length, on one line. */
export const isMemberName = (name: string): boolean =>
  name !== "" &&
  name.isWellFormed() &&
  name === name.trim().normalize("NFC") &&
  utf8Length(name) <= memberNameBytesMax &&
  !/\p{Cc}|\p{Zl}|\p{Zp}|[\u202A-\u202E\u2066-\u2069]/u.test(name);

const about = ({ networkHash, account }: Named) =>
  ({ label: "name", networkHash, subject: account }) as const;
