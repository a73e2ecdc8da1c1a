/**
 * What is held of a network's acknowledgements, by device, as it stands in the store's meta data,
 * and what follows from it: on which devices something is, also while they are away.
 *
 * `acknowledged/<network hash>/<device>` = [1, certificate bstr, [acknowledgement bstr, …]]
 *
 * A device is named as in documents. The certificate is the one that an open network's device
 * showed, or that stood in the chain: which of them are members now is asked at each use.
 */
import { equalBytes } from "../core/base/bytes.ts";
import type { WriterId } from "../core/base/types.ts";
import { encodeCbor } from "../core/cbor/item.ts";
import { expectCount, readList, readWhole } from "../core/cbor/structures.ts";
import {
  acknowledgedOf,
  coversRows,
  nothingAcknowledged,
  type Acknowledged,
} from "../core/network/acknowledged.ts";
import { storedAcknowledgement } from "../core/network/acknowledgement.ts";
import { storedCertificate, type CheckedCertificate } from "../core/network/certificate.ts";
import type { ScopeRows } from "../core/network/scopeRows.ts";
import type { Row } from "../core/segment/header.ts";
import { rowOfHead } from "../core/segment/tree.ts";
import { acknowledgedPrefixOf, deviceNameOf, type MetaChange } from "./device.ts";
import type { Home } from "./home.ts";
import { isMemberOf, type NetworkMembership } from "./identity.ts";

export interface AcknowledgedDevice {
  /** As documents name it. */
  readonly name: string;
  readonly certificate: CheckedCertificate;
  readonly held: Acknowledged;
}

/** By name. */
export type AcknowledgedBook = ReadonlyMap<string, AcknowledgedDevice>;

/** One that can not be read is missing: peers bring it again. */
export const readBook = (
  { network }: NetworkMembership,
  meta: ReadonlyMap<string, Uint8Array>,
): Map<string, AcknowledgedDevice> => {
  const prefix = acknowledgedPrefixOf(network.networkHash);
  const devices = [...meta]
    .filter(([key]) => key.startsWith(prefix))
    .flatMap(([, bytes]) => readDevice(bytes, network.networkHash) ?? []);
  return new Map(devices.map((device) => [device.name, device]));
};

export const bookChange = (
  { network }: NetworkMembership,
  { name, certificate, held }: AcknowledgedDevice,
): MetaChange => {
  const live = held.live.map(({ bytes }) => bytes);
  return [
    acknowledgedPrefixOf(network.networkHash) + name,
    encodeCbor([1, certificate.bytes, live]),
  ];
};

export const bookRemoval = ({ network }: NetworkMembership, name: string): MetaChange => [
  acknowledgedPrefixOf(network.networkHash) + name,
  null,
];

/** What devices that are members now say, but those named: what they say counts. */
const countingDevices = (
  membership: NetworkMembership,
  book: AcknowledgedBook,
  without: ReadonlySet<string>,
): readonly AcknowledgedDevice[] =>
  [...book.values()].filter(
    ({ name, certificate }) => !without.has(name) && isMemberOf(membership, certificate),
  );

/** All that is said by devices that are members now, but those named. */
export const saidBy = (
  membership: NetworkMembership,
  meta: ReadonlyMap<string, Uint8Array>,
  without: ReadonlySet<string>,
): readonly ScopeRows[] =>
  countingDevices(membership, readBook(membership, meta), without).map(({ held }) => held.scopes);

/** Names of other devices that say that they hold all that is stored of a home here. */
export const devicesHolding = (home: Home, book: AcknowledgedBook): readonly string[] => {
  const { membership, scope, tree } = home;
  if (membership.kind === "local") return [];
  const rows = tree.heads().map(rowOfHead);
  return countingDevices(membership, book, new Set([membership.device.name]))
    .filter(({ held }) => coversRows(rows, held.scopes.get(scope) ?? []))
    .map(({ name }) => name);
};

/**
 * Up to which n other devices say that they hold a writer's log. Only by headers that are here:
 * anybody may name others.
 */
export const acknowledgedUpTo = (home: Home, book: AcknowledgedBook, writer: WriterId): number => {
  const { membership, scope, tree } = home;
  if (membership.kind === "local") return 0;
  const others = countingDevices(membership, book, new Set([membership.device.name]));
  const ends = others
    .flatMap(({ held }) => byWriter(held.scopes.get(scope) ?? noRows).get(writer) ?? [])
    .flatMap(({ header }) => tree.find(writer, header) ?? [])
    .map(({ first, count }) => first + count - 1);
  return Math.max(0, ...ends);
};

/** Asked for one writer after another. */
const byWriter = (rows: readonly Row[]): ReadonlyMap<WriterId, readonly Row[]> => {
  const known = indexes.get(rows);
  if (known !== undefined) return known;
  const index = new Map<WriterId, readonly Row[]>();
  for (const row of rows) index.set(row.writer, [...(index.get(row.writer) ?? []), row]);
  indexes.set(rows, index);
  return index;
};

const indexes = new WeakMap<readonly Row[], ReadonlyMap<WriterId, readonly Row[]>>();
const noRows: readonly Row[] = [];

const readDevice = (bytes: Uint8Array, networkHash: Uint8Array): AcknowledgedDevice | null => {
  const read = readWhole(bytes, (reader) => {
    expectCount(reader, 3);
    if (reader.readUint() !== 1) reader.fail("unsupported", "another version");
    const certificate = storedCertificate(reader.readBytes());
    return { certificate, live: readList(reader, () => reader.readBytes()) };
  });
  const certificate = read.ok ? read.value.certificate : null;
  if (!read.ok || certificate === null) return null;
  const live = read.value.live
    .flatMap((one) => storedAcknowledgement(one) ?? [])
    .filter((each) => equalBytes(each.networkHash, networkHash));
  return {
    ...{ name: deviceNameOf(certificate.signingKey), certificate },
    held: live.length === 0 ? nothingAcknowledged : acknowledgedOf(live),
  };
};
