/**
 * What members of a closed network say of a collection that they share (FORMATS.md §6), sealed for
 * themselves:
 *
 * sealed settings = CBOR [epoch id 16, salt 32, AES-256-GCM of the settings under KDF(epoch key,
 *                   salt, "collection", network hash, scope), nonce zero, associated data
 *                   H("collection", network hash, scope)]
 * settings        = CBOR [1, name, strategy text, version of the strategy, [[name, …], …] atomic
 *                   paths, [index bstr, …], extensions]
 *
 * The scope stands beside them in the record and follows from the name, so that nobody can say of
 * one collection what is meant for another.
 */
import { hexToBytes } from "../../base/bytes.ts";
import { shortHashOf } from "../../base/ids.ts";
import { collectionListMax, nameBytesMax, pathNamesMax } from "../../base/limits.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import type { ScopeId } from "../../base/types.ts";
import { utf8Length } from "../../base/utf8.ts";
import { readForm } from "../../cbor/form.ts";
import { encodeCbor, type CborItem } from "../../cbor/item.ts";
import { CborReader } from "../../cbor/reader.ts";
import { expectCount, readList, readSized, readWhole } from "../../cbor/structures.ts";
import { deriveKey, hash } from "../../crypto/hash.ts";
import type { CryptoPort } from "../../crypto/port.ts";
import { scopeOf, type EpochKey, type Epochs, type NetworkKeys } from "../keys.ts";
import {
  extensionsToItem,
  hasUnknownCritical,
  readExtensions,
  type Extension,
} from "../extensions.ts";

export interface CollectionSettings {
  readonly name: string;
  /** How conflicts are read: a name, and which version of what it means. */
  readonly strategy: string;
  readonly strategyVersion: number;
  /** Each one leaf, whatever stands below it. */
  readonly atomicPaths: readonly (readonly string[])[];
  /** As whoever made them knows them. */
  readonly indexes: readonly Uint8Array[];
  readonly extensions: readonly Extension[];
}

export type SettingsFault =
  /** Its epoch's key is not here, or not yet. */
  | "settings-key"
  | "settings-seal"
  | "settings-form"
  /** A newer program made them. */
  | "settings-version"
  /** They are of another collection than the record says. */
  | "settings-scope";

type Keys = Pick<NetworkKeys, "networkHash" | "scopeKey">;

export const sealSettings = async (
  settings: CollectionSettings,
  epoch: EpochKey,
  keys: Keys,
  crypto: Pick<CryptoPort, "seal" | "randomBytes">,
): Promise<{ readonly scope: ScopeId; readonly settings: Uint8Array }> => {
  const scope = scopeOf(keys, settings.name, "documents");
  const salt = crypto.randomBytes(32);
  const place = { networkHash: keys.networkHash, scope };
  const sealed = await crypto.seal(
    sealingKey(epoch.key, salt, place),
    binding(place),
    encodeCbor(settingsToItem(settings)),
  );
  return { scope, settings: encodeCbor([hexToBytes(epoch.id), salt, sealed]) };
};

/** Never throws. */
export const openSettings = async (
  scope: ScopeId,
  bytes: Uint8Array,
  { keys, epochs }: { readonly keys: Keys; readonly epochs: Pick<Epochs, "key"> },
  crypto: Pick<CryptoPort, "open">,
): Promise<Result<CollectionSettings, SettingsFault>> => {
  const outer = readWhole(bytes, (reader) => {
    expectCount(reader, 3);
    const epoch = shortHashOf(readSized(reader, 16));
    return { epoch, salt: readSized(reader, 32), sealed: reader.readBytes() };
  });
  if (!outer.ok) return fail("settings-form");
  const { epoch, salt, sealed } = outer.value;
  const key = epochs.key(epoch);
  if (key === null) return fail("settings-key");
  const place = { networkHash: keys.networkHash, scope };
  const plain = await crypto.open(sealingKey(key, salt, place), binding(place), sealed);
  if (plain === null) return fail("settings-seal");
  const read = readForm(() => readSettings(new CborReader(plain)));
  if (!read.ok) return fail("settings-form");
  if (read.value === null) return fail("settings-version");
  return scopeOf(keys, read.value.name, "documents") === scope
    ? ok(read.value)
    : fail("settings-scope");
};

interface Place {
  readonly networkHash: Uint8Array;
  readonly scope: ScopeId;
}

const sealingKey = (key: Uint8Array, salt: Uint8Array, { networkHash, scope }: Place): Uint8Array =>
  deriveKey(key, "collection", [networkHash, hexToBytes(scope)], { salt, bytes: 32 });

const binding = ({ networkHash, scope }: Place): Uint8Array =>
  hash("collection", networkHash, hexToBytes(scope));

const settingsToItem = (settings: CollectionSettings): CborItem => [
  ...[version, settings.name, settings.strategy, settings.strategyVersion],
  settings.atomicPaths.map((path) => [...path]),
  [...settings.indexes],
  extensionsToItem(settings.extensions),
];

/** null: of another version, or marked as not for this one. */
const readSettings = (reader: CborReader): CollectionSettings | null => {
  const count = reader.readArrayHead();
  if (reader.readUint() !== version) return null;
  if (count !== 7) reader.fail("wrongShape", "settings have seven parts");
  const settings = {
    ...{ name: readName(reader), strategy: readName(reader), strategyVersion: reader.readUint() },
    atomicPaths: readList(reader, () => readPath(reader), collectionListMax),
    indexes: readList(reader, () => reader.readBytes(), collectionListMax),
    extensions: readExtensions(reader),
  };
  reader.expectEnd();
  return hasUnknownCritical(settings.extensions) ? null : settings;
};

const readName = (reader: CborReader): string => {
  const name = reader.readText();
  if (name === "" || utf8Length(name) > nameBytesMax) reader.fail("wrongShape", "no name");
  return name;
};

const readPath = (reader: CborReader): readonly string[] => {
  const path = readList(reader, () => readName(reader), pathNamesMax);
  if (path.length === 0) reader.fail("wrongShape", "a path names something");
  return path;
};

const version = 1;
