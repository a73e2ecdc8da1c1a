/**
 * Relays at which the members of a network are met beside this device's own, as an invite named
 * them or a person set them. They stay on this device, network by network, so that leaving one
 * forgets its relays with it:
 *
 * `relays/<hash>` = [1, [relay text, …]]
 *
 * At each of them this device looks for that network alone: whoever runs it was chosen by others,
 * and must not learn what else this device is in.
 */
import { namedRelaysMax, rendezvousTagsMax } from "../core/base/limits.ts";
import { bytesToHex } from "../core/base/bytes.ts";
import { encodeCbor } from "../core/cbor/item.ts";
import { expectCount, readList, readWhole } from "../core/cbor/structures.ts";
import type { RelayTags } from "../core/net/carrier.ts";
import type { MetaChange } from "./device.ts";

/** By the network's hash. */
export type NetworkRelays = ReadonlyMap<string, readonly string[]>;

/** None: the record goes. */
export const relaysChange = (networkHash: Uint8Array, relays: readonly string[]): MetaChange => [
  relaysPrefix + bytesToHex(networkHash),
  relays.length === 0 ? null : encodeCbor([version, [...relays]]),
];

/** One that is damaged, or of a newer program, is missing here: its relays are no more asked. */
export const readNetworkRelays = (meta: ReadonlyMap<string, Uint8Array>): NetworkRelays =>
  new Map(
    [...meta].flatMap(([key, bytes]) => {
      if (!key.startsWith(relaysPrefix)) return [];
      const relays = readRelays(bytes);
      return relays === null ? [] : [[key.slice(relaysPrefix.length), relays] as const];
    }),
  );

/** At which relay whom to look for. `tagsOf`: by the network's hash. */
export const tagsAtRelays = (
  relaysByNetwork: NetworkRelays,
  tagsOf: (hash: string) => readonly string[],
): readonly RelayTags[] => {
  const byRelay = new Map<string, readonly string[]>();
  for (const [hash, relays] of relaysByNetwork) {
    const tags = tagsOf(hash);
    for (const relay of relays) byRelay.set(relay, [...(byRelay.get(relay) ?? []), ...tags]);
  }
  return Array.from(byRelay, ([relay, tags]) => ({ relay, tags: tags.slice(0, rendezvousTagsMax) }))
    .filter(({ tags }) => tags.length > 0)
    .slice(0, namedRelaysMax);
};

const relaysPrefix = "relays/";
const version = 1;

const readRelays = (bytes: Uint8Array): readonly string[] | null => {
  const read = readWhole(bytes, (reader) => {
    expectCount(reader, 2);
    if (reader.readUint() !== version) reader.fail("unsupported", "another version");
    return readList(reader, () => reader.readText());
  });
  return read.ok ? read.value : null;
};
