/**
 * The link that brings somebody into a closed network (FORMATS.md §7).
 *
 * link   = app's address, "#join=", base64url of the invite
 * invite = CBOR [1, network hash 32, name, seed 32, SHA-256 of the maker's signing key,
 *                control head, [relay text, …], expiry ms or nil, extensions]
 *
 * It stands in the fragment, which browsers send to no server. Whoever has it can ask to be let in,
 * so it is as secret as the network until it is used up, revoked or expired. Nothing in it is
 * believed: the joiner takes the control chain only from the maker, and the name is a label.
 */
import { base64UrlToBytes, bytesToBase64Url } from "../../base/bytes.ts";
import { NebulusError } from "../../base/errors.ts";
import {
  clockMillisecondsMax,
  inviteRelayBytesMax,
  inviteRelaysMax,
  inviteTextBytesMax,
} from "../../base/limits.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import { isWellFormed, utf8Length } from "../../base/utf8.ts";
import { readForm } from "../../cbor/form.ts";
import { encodeCbor } from "../../cbor/item.ts";
import { CborReader } from "../../cbor/reader.ts";
import { readList, readOptional, readSized } from "../../cbor/structures.ts";
import { deriveKey } from "../../crypto/hash.ts";
import type { CryptoPort } from "../../crypto/port.ts";
import { controlHeadToItem, readControlHead, type ControlHead } from "../control.ts";
import {
  extensionsToItem,
  hasUnknownCritical,
  readExtensions,
  type Extension,
} from "../extensions.ts";
import { checkedNetworkName } from "../open.ts";

export interface Invite {
  /** Of the network that it leads to. */
  readonly networkHash: Uint8Array;
  /** In NFC; a label, never a proof. */
  readonly name: string;
  /** 32 random bytes, of an Ed25519 key that the chain names. */
  readonly seed: Uint8Array;
  /** SHA-256 of the signing key of the only device that may answer. */
  readonly makerKeyHash: Uint8Array;
  /** The chain that the maker hands over must contain it. */
  readonly controlHead: ControlHead;
  /** Addresses where the maker is met, at most `inviteRelaysMax`. */
  readonly relays: readonly string[];
  /** Milliseconds since 1970. */
  readonly expiry: number | null;
  readonly extensions: readonly Extension[];
}

export type InviteFault =
  /** No invite, or cut short, or changed on its way. */
  | "invite-form"
  /** Made by a newer program. */
  | "invite-version"
  | "invite-too-long"
  /** It asks for what this program does not know. */
  | "invite-critical-extension";

/**
 * The link. A fragment that the app's address has is left out. It fails for what `readInvite` would
 * refuse: not every 16 relays of 512 bytes fit.
 */
export const inviteLink = (appUrl: string, invite: Invite): Result<string, InviteFault> => {
  if (!isSound(invite)) return fail("invite-form");
  const [app = ""] = appUrl.trim().split("#", 1);
  const link = `${app}#${marker}${bytesToBase64Url(encodeInvite(invite))}`;
  const read = readInvite(link);
  return read.ok ? ok(link) : read;
};

/**
 * Takes what somebody pasted: the whole link, its fragment, or the code alone, with space around.
 * Never throws. Whether it has expired is for the caller, who has a clock.
 */
export const readInvite = (text: string): Result<Invite, InviteFault> => {
  const trimmed = text.trim();
  // First by characters, so that nothing walks through a text of any length.
  if (trimmed.length > inviteTextBytesMax || utf8Length(trimmed) > inviteTextBytesMax) {
    return fail("invite-too-long");
  }
  const bytes = base64UrlToBytes(codeOf(trimmed));
  if (bytes === null) return fail("invite-form");
  const read = readForm(() => readFields(new CborReader(bytes)));
  if (!read.ok) return fail("invite-form");
  const invite = read.value;
  if (invite === null) return fail("invite-version");
  if (!isSound(invite)) return fail("invite-form");
  return hasUnknownCritical(invite.extensions) ? fail("invite-critical-extension") : ok(invite);
};

export interface InviteKeys {
  /** Ed25519, 32 bytes: names the invite in the control chain. */
  readonly publicKey: Uint8Array;
  /** `k` of the greeting between joiner and maker. */
  readonly greetingKey: Uint8Array;
}

export const inviteKeys = async (
  seed: Uint8Array,
  crypto: Pick<CryptoPort, "publicKey">,
): Promise<InviteKeys> => {
  const publicKey = await crypto.publicKey(seed);
  return { publicKey, greetingKey: inviteGreetingKey(publicKey) };
};

/** For whoever knows the invite from the control chain, where no seed stands. */
export const inviteGreetingKey = (publicKey: Uint8Array): Uint8Array =>
  deriveKey(publicKey, "invite", []);

const version = 1;
const marker = "join=";

const encodeInvite = (invite: Invite): Uint8Array =>
  encodeCbor([
    ...[version, invite.networkHash, invite.name, invite.seed, invite.makerKeyHash],
    ...[controlHeadToItem(invite.controlHead), invite.relays, invite.expiry],
    extensionsToItem(invite.extensions),
  ]);

/** What stands behind the marker, or everything where nothing but a code can be meant. */
const codeOf = (text: string): string => {
  const fragment = text.slice(text.indexOf("#") + 1);
  return fragment.startsWith(marker) ? fragment.slice(marker.length) : text;
};

/** Null: of another version, whose other fields are not known. */
const readFields = (reader: CborReader): Invite | null => {
  const count = reader.readArrayHead();
  if (reader.readUint() !== version) return null;
  if (count !== 9) reader.fail("wrongShape", "an invite has nine parts");
  const invite: Invite = {
    networkHash: readSized(reader, 32),
    name: reader.readText(),
    seed: readSized(reader, 32),
    makerKeyHash: readSized(reader, 32),
    controlHead: readControlHead(reader),
    relays: readList(reader, () => reader.readText()),
    expiry: readOptional(reader, () => reader.readUint()),
    extensions: readExtensions(reader),
  };
  reader.expectEnd();
  return invite;
};

/** What the shapes do not say. An expiry beyond the clock's range would be no date. */
const isSound = ({ name, relays, expiry }: Invite): boolean =>
  isNetworkName(name) &&
  relays.length <= inviteRelaysMax &&
  relays.every(isRelay) &&
  (expiry === null || expiry <= clockMillisecondsMax);

const isRelay = (relay: string): boolean =>
  relay !== "" && isWellFormed(relay) && utf8Length(relay) <= inviteRelayBytesMax;

/** In NFC already: one network, one spelling. */
const isNetworkName = (name: string): boolean => {
  try {
    return checkedNetworkName(name) === name;
  } catch (error) {
    if (error instanceof NebulusError) return false;
    throw error;
  }
};
