/**
 * What a record of the control chain decides (FORMATS.md §6): the contents of each kind and their
 * bytes. A content stands in its proposal as a byte string, so that one of an unknown kind is kept
 * and passed on without being understood.
 *
 *  0 genesis    [name, suite, certificate bstr, recovery k, [recovery key 32, …], random 32]
 *  1 admit      [certificate bstr, role, [invite's public key, its signature 64] or nil]
 *  2 device     [certificate bstr, the same]
 *  3 remove     [account or nil, [signing key, …], hostile?, frontier, epoch bstr]
 *  4 role       [account, role, frontier]
 *  5 epoch      [epoch bstr]
 *  7 invite     [public key, member or device: 0 or 1, role, uses, expiry ms or nil]
 *  8 revoke     [public key]
 *  9 collection [scope, sealed settings bstr]
 * 10 transfer   [signing key]
 * 11 term       [new sequencer's signing key, [[epoch id 16, sealed bstr], …]]
 * 13 fork       [scope, writer, [H16, …]]
 * 14 policy     [bytes]
 * 15 name       [account, sealed name bstr]
 * 16 keys       [[[epoch id 16, sealed bstr], …]]
 * frontier = [[scope, [[writer, n, H16], …]], …]
 *
 * An invite's signature is sign("admit", network hash, certificate): whoever held the link wanted
 * this device in.
 */
import { hexToBytes } from "../../base/bytes.ts";
import { scopeIdOf, shortHashOf, writerIdOf } from "../../base/ids.ts";
import {
  collectionSettingsBytesMax,
  controlListMax,
  networkNameBytesMax,
  recoveryKeysMax,
  sealedNameBytesMax,
} from "../../base/limits.ts";
import type { ScopeId, ShortHash, WriterId } from "../../base/types.ts";
import { encodeCbor, type CborItem } from "../../cbor/item.ts";
import type { CborReader } from "../../cbor/reader.ts";
import { expectCount, readList, readOptional, readSized } from "../../cbor/structures.ts";
import { utf8Length } from "../../base/utf8.ts";
import { readScopeRows, scopeRowsToItem, type ScopeRows } from "../scopeRows.ts";

/** From the most to the least right: on the wire by their place. */
export const roles = ["owner", "editor", "reader"] as const;
export type MemberRole = (typeof roles)[number];

export const invitePurposes = ["member", "device"] as const;
export type InvitePurpose = (typeof invitePurposes)[number];

/** How far the logs of the devices concerned count; a writer that is not listed counts at 0. */
export type Frontier = ScopeRows;

/** That the holder of an invite wants the device in. */
export interface InviteProof {
  readonly publicKey: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * Of an epoch that the present one does not lead to, sealed under that: under the epoch that a term
 * goes on with, or the one that a proposal of keys rests on.
 */
export interface CarriedKey {
  readonly id: ShortHash;
  readonly sealed: Uint8Array;
}

export type ControlContent =
  | {
      readonly kind: "genesis";
      readonly name: string;
      readonly suite: number;
      readonly certificate: Uint8Array;
      readonly recovery: { readonly needed: number; readonly keys: readonly Uint8Array[] };
      readonly random: Uint8Array;
    }
  | {
      readonly kind: "admit";
      readonly certificate: Uint8Array;
      readonly role: MemberRole;
      readonly invite: InviteProof | null;
    }
  | {
      readonly kind: "device";
      readonly certificate: Uint8Array;
      readonly invite: InviteProof | null;
    }
  | {
      readonly kind: "remove";
      /** With all its devices; null: only those named. */
      readonly account: Uint8Array | null;
      /** Signing keys. */
      readonly devices: readonly Uint8Array[];
      readonly hostile: boolean;
      readonly frontier: Frontier;
      readonly epoch: Uint8Array;
    }
  | {
      readonly kind: "role";
      readonly account: Uint8Array;
      readonly role: MemberRole;
      readonly frontier: Frontier;
    }
  | { readonly kind: "epoch"; readonly epoch: Uint8Array }
  | {
      readonly kind: "invite";
      readonly publicKey: Uint8Array;
      readonly purpose: InvitePurpose;
      readonly role: MemberRole;
      readonly uses: number;
      /** Milliseconds since 1970. */
      readonly expiry: number | null;
    }
  | { readonly kind: "revoke"; readonly publicKey: Uint8Array }
  | { readonly kind: "collection"; readonly scope: ScopeId; readonly settings: Uint8Array }
  | { readonly kind: "transfer"; readonly device: Uint8Array }
  | {
      readonly kind: "term";
      readonly sequencer: Uint8Array;
      readonly keys: readonly CarriedKey[];
    }
  | {
      readonly kind: "fork";
      readonly scope: ScopeId;
      readonly writer: WriterId;
      readonly headers: readonly ShortHash[];
    }
  | { readonly kind: "policy"; readonly bytes: Uint8Array }
  /** As memberName.ts seals it. */
  | { readonly kind: "name"; readonly account: Uint8Array; readonly sealed: Uint8Array }
  | { readonly kind: "keys"; readonly keys: readonly CarriedKey[] }
  | { readonly kind: "unknown"; readonly number: number; readonly bytes: Uint8Array };

const numbers = {
  ...{ genesis: 0, admit: 1, device: 2, remove: 3, role: 4, epoch: 5, invite: 7, revoke: 8 },
  ...{ collection: 9, transfer: 10, term: 11, fork: 13, policy: 14, name: 15 },
  keys: 16,
} as const;

export const contentNumber = (content: ControlContent): number =>
  content.kind === "unknown" ? content.number : numbers[content.kind];

export const encodeContent = (content: ControlContent): Uint8Array =>
  content.kind === "unknown" ? content.bytes : encodeCbor(itemsOf(content));

const itemsOf = (content: Exclude<ControlContent, { kind: "unknown" }>): readonly CborItem[] => {
  switch (content.kind) {
    case "genesis": {
      const { name, suite, certificate, recovery, random } = content;
      return [name, suite, certificate, recovery.needed, [...recovery.keys], random];
    }
    case "admit": {
      const { certificate, role, invite } = content;
      return [certificate, roles.indexOf(role), inviteItem(invite)];
    }
    case "device":
      return [content.certificate, inviteItem(content.invite)];
    case "remove": {
      const { account, devices, hostile, frontier, epoch } = content;
      return [account, [...devices], hostile, scopeRowsToItem(frontier), epoch];
    }
    case "role": {
      const { account, role, frontier } = content;
      return [account, roles.indexOf(role), scopeRowsToItem(frontier)];
    }
    case "epoch":
      return [content.epoch];
    case "invite": {
      const { publicKey, purpose, role, uses, expiry } = content;
      return [publicKey, invitePurposes.indexOf(purpose), roles.indexOf(role), uses, expiry];
    }
    case "revoke":
      return [content.publicKey];
    case "collection":
      return [hexToBytes(content.scope), content.settings];
    case "transfer":
      return [content.device];
    case "term":
      return [content.sequencer, keyItems(content.keys)];
    case "fork": {
      const { scope, writer, headers } = content;
      return [hexToBytes(scope), hexToBytes(writer), headers.map(hexToBytes)];
    }
    case "policy":
      return [content.bytes];
    case "name":
      return [content.account, content.sealed];
    case "keys":
      return [keyItems(content.keys)];
  }
};

const keyItems = (keys: readonly CarriedKey[]): CborItem =>
  keys.map(({ id, sealed }) => [hexToBytes(id), sealed] as const);

const inviteItem = (invite: InviteProof | null): CborItem =>
  invite === null ? null : [invite.publicKey, invite.signature];

/** Throws FormFault for another shape of a known kind. */
export const readContent = (
  number: number,
  bytes: Uint8Array,
  readerOf: (bytes: Uint8Array) => CborReader,
): ControlContent => {
  const read = contentReaders.get(number);
  if (read === undefined) return { kind: "unknown", number, bytes };
  const reader = readerOf(bytes);
  const content = read(reader);
  reader.expectEnd();
  return content;
};

const readGenesis = (reader: CborReader): ControlContent => {
  expectCount(reader, 6);
  const name = reader.readText();
  if (name === "" || utf8Length(name) > networkNameBytesMax || name !== name.normalize("NFC")) {
    reader.fail("wrongShape", "no name of a network");
  }
  const suite = reader.readUint();
  const certificate = reader.readBytes();
  const needed = reader.readUint();
  const keys = readList(reader, () => readSized(reader, 32), recoveryKeysMax);
  if (needed < 1 || needed > keys.length) reader.fail("wrongShape", "k of n recovery keys");
  const random = readSized(reader, 32);
  return { kind: "genesis", name, suite, certificate, recovery: { needed, keys }, random };
};

const readAdmit = (reader: CborReader): ControlContent => {
  expectCount(reader, 3);
  const certificate = reader.readBytes();
  const role = readRole(reader);
  return { kind: "admit", certificate, role, invite: readInviteProof(reader) };
};

const readDevice = (reader: CborReader): ControlContent => {
  expectCount(reader, 2);
  return { kind: "device", certificate: reader.readBytes(), invite: readInviteProof(reader) };
};

const readRemove = (reader: CborReader): ControlContent => {
  expectCount(reader, 5);
  const account = readOptional(reader, () => readSized(reader, 32));
  const devices = readList(reader, () => readSized(reader, 32), controlListMax);
  if (account === null && devices.length === 0) reader.fail("wrongShape", "nobody is removed");
  const hostile = reader.readBoolean();
  const frontier = readScopeRows(reader);
  return { kind: "remove", account, devices, hostile, frontier, epoch: reader.readBytes() };
};

const readRoleChange = (reader: CborReader): ControlContent => {
  expectCount(reader, 3);
  const account = readSized(reader, 32);
  const role = readRole(reader);
  return { kind: "role", account, role, frontier: readScopeRows(reader) };
};

const readInvite = (reader: CborReader): ControlContent => {
  expectCount(reader, 5);
  const publicKey = readSized(reader, 32);
  const purpose = invitePurposes[reader.readUint()];
  if (purpose === undefined) return reader.fail("wrongShape", "an invite of no known purpose");
  const role = readRole(reader);
  const uses = reader.readUint();
  if (uses === 0) reader.fail("wrongShape", "an invite without a use");
  const expiry = readOptional(reader, () => reader.readUint());
  return { kind: "invite", publicKey, purpose, role, uses, expiry };
};

const readTerm = (reader: CborReader): ControlContent => {
  expectCount(reader, 2);
  const sequencer = readSized(reader, 32);
  return { kind: "term", sequencer, keys: readKeys(reader) };
};

const readKeys = (reader: CborReader): readonly CarriedKey[] => {
  const readKey = (): CarriedKey => {
    expectCount(reader, 2);
    return { id: shortHashOf(readSized(reader, 16)), sealed: reader.readBytes() };
  };
  return readList(reader, readKey, controlListMax);
};

const readCarried = (reader: CborReader): ControlContent => {
  expectCount(reader, 1);
  const keys = readKeys(reader);
  if (keys.length === 0) reader.fail("wrongShape", "no key is carried on");
  return { kind: "keys", keys };
};

const readFork = (reader: CborReader): ControlContent => {
  expectCount(reader, 3);
  const scope = scopeIdOf(readSized(reader, 16));
  const writer = writerIdOf(readSized(reader, 16));
  const headers = readList(reader, () => shortHashOf(readSized(reader, 16)), controlListMax);
  return { kind: "fork", scope, writer, headers };
};

const readOne =
  (make: (bytes: Uint8Array) => ControlContent, size: number | null) =>
  (reader: CborReader): ControlContent => {
    expectCount(reader, 1);
    return make(size === null ? reader.readBytes() : readSized(reader, size));
  };

const readCollection = (reader: CborReader): ControlContent => {
  expectCount(reader, 2);
  const scope = scopeIdOf(readSized(reader, 16));
  const settings = reader.readBytes();
  if (settings.length > collectionSettingsBytesMax) reader.fail("tooLong", "no such settings");
  return { kind: "collection", scope, settings };
};

const readName = (reader: CborReader): ControlContent => {
  expectCount(reader, 2);
  const account = readSized(reader, 32);
  const sealed = reader.readBytes();
  if (sealed.length > sealedNameBytesMax) reader.fail("tooLong", "no such name");
  return { kind: "name", account, sealed };
};

const contentReaders: ReadonlyMap<number, (reader: CborReader) => ControlContent> = new Map([
  [numbers.genesis, readGenesis],
  [numbers.admit, readAdmit],
  [numbers.device, readDevice],
  [numbers.remove, readRemove],
  [numbers.role, readRoleChange],
  [numbers.epoch, readOne((epoch) => ({ kind: "epoch", epoch }), null)],
  [numbers.invite, readInvite],
  [numbers.revoke, readOne((publicKey) => ({ kind: "revoke", publicKey }), 32)],
  [numbers.collection, readCollection],
  [numbers.transfer, readOne((device) => ({ kind: "transfer", device }), 32)],
  [numbers.term, readTerm],
  [numbers.fork, readFork],
  [numbers.policy, readOne((bytes) => ({ kind: "policy", bytes }), null)],
  [numbers.name, readName],
  [numbers.keys, readCarried],
]);

const readRole = (reader: CborReader): MemberRole => {
  const role = roles[reader.readUint()];
  return role ?? reader.fail("wrongShape", "no known role");
};

const readInviteProof = (reader: CborReader): InviteProof | null =>
  readOptional(reader, () => {
    expectCount(reader, 2);
    return { publicKey: readSized(reader, 32), signature: readSized(reader, 64) };
  });
