/**
 * Relays that travel with invites. The maker names those at which it is met, so that a joiner whose
 * page comes from another relay finds it; the joiner uses what its own page may dial, and is told
 * of the rest. Loaded with the first invite.
 */
import { inviteRelaysOfferedMax, networkRelaysMax } from "../core/base/limits.ts";
import { readInvite } from "../core/network/closed/invite.ts";
import { isRelayAddress, refusalOf, type RelayRefusal } from "../core/net/relayReach.ts";
import type { Connectivity } from "../core/wire/connection.ts";
import type { NetworkSnapshot } from "../core/wire/snapshots.ts";
import { refusal } from "./answer.ts";

export interface OfferDeps {
  readonly connectivity: Pick<Connectivity, "relays"> | null;
  readonly network: Pick<NetworkSnapshot, "relays"> | undefined;
  /** null outside of pages. */
  readonly pageUrl: string | null;
}

/**
 * Those of this device and those of that network, the ones that are reached first. What other
 * networks named is theirs: it would tell which ones this device is in.
 */
export const relaysToOffer = ({ connectivity, network, pageUrl }: OfferDeps): readonly string[] => {
  const own = (connectivity?.relays ?? []).filter(({ isNamed }) => !isNamed);
  const isReached = ({ state }: (typeof own)[number]): boolean => state === "reserved";
  const all = [
    ...own.filter(isReached).map(({ address }) => address),
    ...(network?.relays ?? []),
    ...own.map(({ address }) => address),
  ];
  return [...new Set(all)]
    .filter((address) => refusalOf(address, pageUrl) === null)
    .slice(0, inviteRelaysOfferedMax);
};

export interface InvitedRelays {
  /** To be used. */
  readonly relays: readonly string[];
  /** In words, one each. */
  readonly warnings: readonly string[];
}

/** Of what is no invite: none. Whoever takes it says so. */
export const relaysOfInvite = (link: string, pageUrl: string | null): InvitedRelays => {
  const invite = readInvite(link);
  const named = invite.ok ? [...new Set(invite.value.relays)] : [];
  const judged = named.map((address) => ({ address, fault: refusalOf(address, pageUrl) }));
  const usable = judged.flatMap(({ address, fault }) => (fault === null ? address : []));
  const refused = judged.flatMap(({ address, fault }) =>
    fault === null ? [] : `${address} ${faultWords[fault]}`,
  );
  const beyond = usable.slice(networkRelaysMax).map((address) => `${address} is one too many`);
  return {
    relays: usable.slice(0, networkRelaysMax),
    warnings: [...refused, ...beyond].map((what) => `A relay of the invite is left out: ${what}.`),
  };
};

/** As a caller names them for a network. Throws `UnsupportedAddress`, `TooLarge`. */
export const checkedRelays = (input: unknown): readonly string[] => {
  const isList = Array.isArray(input) && input.every((each) => typeof each === "string");
  if (!isList) throw refusal("InvalidArgument", "relays: a list of multiaddresses", "relays");
  if (input.length > networkRelaysMax) {
    throw refusal("TooLarge", `relays: at most ${String(networkRelaysMax)} of a network`, "relays");
  }
  const relays = Array.from<string>(input);
  const at = relays.findIndex((address) => !isRelayAddress(address));
  if (at < 0) return [...new Set(relays)];
  const path = `relays[${String(at)}]`;
  throw refusal("UnsupportedAddress", `${path}: a page cannot dial ${relays[at] ?? ""}`, path);
};

const faultWords: Readonly<Record<RelayRefusal, string>> = {
  undialable: "is no address of a relay that a page can dial",
  narrower: "leads to a machine or a local network, and this app did not come from there",
  plain: "is without TLS, which a page that came over https cannot use",
};
