/**
 * The relays of one node: those of this device, which serve all its networks, and those that
 * networks named, each for these alone. The first are there from the start to the end, the others
 * come and go with the networks.
 */
import type { RelayStatus, RelayTags } from "../core/net/carrier.ts";
import type { Discovery } from "../core/wire/connection.ts";
import type { Clock } from "./clock.ts";
import type { RelayedLibp2p } from "./libp2p.ts";
import { createRelayLink, type RelayLink } from "./relayLink.ts";

export interface RelayLinksDeps {
  readonly libp2p: RelayedLibp2p;
  /** Of this device, as multiaddresses. */
  readonly own: readonly string[];
  readonly clock: Clock;
  readonly discovery: Discovery;
  readonly onChange: () => void;
}

export interface RelayLinks {
  readonly own: () => readonly RelayLink[];
  readonly all: () => readonly RelayLink[];
  readonly status: () => readonly RelayStatus[];
  /** Both replace what was before. */
  readonly setTags: (tags: readonly string[], named: readonly RelayTags[]) => void;
  readonly stop: () => void;
}

export const createRelayLinks = (deps: RelayLinksDeps): RelayLinks => {
  const { libp2p } = deps;
  const named = new Map<string, RelayLink>();
  /** Turned out to be one of this device's own at another address, which does all of it. */
  const needless = new Set<string>();
  let own: readonly RelayLink[] = [];
  let rooms = 0;

  const linkTo = (
    address: string,
    isNamed: boolean,
    isTaken: (relay: string) => boolean,
  ): RelayLink => {
    const { clock, discovery, onChange } = deps;
    return createRelayLink({ libp2p, address, clock, discovery, isNamed, isTaken, onChange });
  };
  const all = (): readonly RelayLink[] => [...own, ...named.values()];

  /** A relay takes no two registrations of one page, and one of this device's is about more. */
  const giveWay = (relay: string): void => {
    for (const link of [...named.values()].filter(meets(relay))) {
      drop(link);
      needless.add(link.address);
    }
  };
  const drop = (link: RelayLink): void => {
    named.delete(link.address);
    link.stop();
    deps.onChange();
  };
  const add = ({ relay, tags }: RelayTags): void => {
    const link = linkTo(relay, true, (met) => all().some(meets(met)));
    named.set(relay, link);
    link.setTags(tags);
    if (named.size <= rooms) return;
    rooms += 1;
    // A node that ends meanwhile needs no room
    libp2p.services.circuits.add().catch(() => undefined);
  };

  own = deps.own.map((address) =>
    linkTo(address, false, (relay) => {
      giveWay(relay);
      return own.some(meets(relay));
    }),
  );
  return {
    ...{ own: () => own, all },
    status: () => [...all().map((link) => link.status()), ...[...needless].map(sameRelay)],
    setTags: (tags, wanted) => {
      for (const link of own) link.setTags(tags);
      const others = wanted.filter(({ relay }) => !deps.own.includes(relay));
      for (const address of needless) {
        if (!others.some(({ relay }) => relay === address)) needless.delete(address);
      }
      for (const link of [...named.values()]) {
        if (!others.some(({ relay }) => relay === link.address)) drop(link);
      }
      for (const other of others) {
        const link = named.get(other.relay);
        if (link !== undefined) link.setTags(other.tags);
        else if (!needless.has(other.relay)) add(other);
      }
    },
    stop: () => {
      for (const link of all()) link.stop();
    },
  };
};

const meets =
  (relay: string) =>
  (link: RelayLink): boolean =>
    link.relay() === relay;

const sameRelay = (address: string): RelayStatus => ({
  ...{ address, state: "connecting", fault: "same-relay", isRegistered: false, isNamed: true },
});
