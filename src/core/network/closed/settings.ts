/**
 * What members of a closed network say of a collection that they share (FORMATS.md §6), sealed for
 * themselves (memberSeal.ts):
 *
 * settings = CBOR [1, name, strategy text, version of the strategy, [[name, …], …] atomic paths,
 *            [index bstr, …], extensions]
 *
 * The scope stands beside them in the record and follows from the name, so that nobody can say of
 * one collection what is meant for another.
 */
import { hexToBytes } from "../../base/bytes.ts";
import { collectionListMax, nameBytesMax, pathNamesMax } from "../../base/limits.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import type { ScopeId } from "../../base/types.ts";
import { utf8Length } from "../../base/utf8.ts";
import { readForm } from "../../cbor/form.ts";
import { encodeCbor, type CborItem } from "../../cbor/item.ts";
import { CborReader } from "../../cbor/reader.ts";
import { readList } from "../../cbor/structures.ts";
import type { CryptoPort } from "../../crypto/port.ts";
import { openForMembers, sealForMembers } from "./memberSeal.ts";
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
  const plain = encodeCbor(settingsToItem(settings));
  return { scope, settings: await sealForMembers(plain, epoch, about(keys, scope), crypto) };
};

/** Never throws. */
export const openSettings = async (
  scope: ScopeId,
  bytes: Uint8Array,
  { keys, epochs }: { readonly keys: Keys; readonly epochs: Pick<Epochs, "key"> },
  crypto: Pick<CryptoPort, "open">,
): Promise<Result<CollectionSettings, SettingsFault>> => {
  const plain = await openForMembers(bytes, epochs, about(keys, scope), crypto);
  if (!plain.ok) return fail(`settings-${plain.error}` as const);
  const read = readForm(() => readSettings(new CborReader(plain.value)));
  if (!read.ok) return fail("settings-form");
  if (read.value === null) return fail("settings-version");
  return scopeOf(keys, read.value.name, "documents") === scope
    ? ok(read.value)
    : fail("settings-scope");
};

const about = ({ networkHash }: Keys, scope: ScopeId) =>
  ({ label: "collection", networkHash, subject: hexToBytes(scope) }) as const;

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
