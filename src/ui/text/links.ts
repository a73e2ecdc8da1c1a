/**
 * Who is connected with this device, and the small picture of it: places on a plane, so that what
 * is drawn can be tried without a page.
 */
import { directPeersMax } from "../../core/base/limits.ts";
import type { NetworkConfig, PeerInfo } from "../../client/networkTypes.ts";
import { connectionMessages } from "../connectionMessages.ts";
import { deviceOfMember, memberInWords } from "./members.ts";

/** A device of somebody, whichever networks it is met in. */
export interface LinkedDevice {
  readonly key: string;
  /** As its networks call it. */
  readonly name: string;
  /** The same in few letters. */
  readonly label: string;
  /** `beyond`: there are more than this device connects with, so that nobody here can say. */
  readonly path: PeerInfo["path"] | "away" | "beyond";
  readonly networks: readonly string[];
  readonly roundTripMs: number | null;
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

/**
 * Those that are connected, the direct ones first; then members that are away, or that are met
 * through others since this device has as many connections as it keeps.
 */
export const linkedDevices = (
  networks: readonly NetworkConfig[],
  peers: readonly PeerInfo[],
): readonly LinkedDevice[] => {
  const ids = [...new Set(peers.map(({ transportId }) => transportId))];
  const connected = ids.map((id) => {
    const met = peers.filter(({ transportId }) => transportId === id);
    return connectedDevice(networks, id, met);
  });
  const rank = { direct: 0, memory: 0, relayed: 1, away: 2, beyond: 2 };
  const otherwise = ids.length < directPeersMax ? "away" : "beyond";
  return [
    ...connected.sort((a, b) => rank[a.path] - rank[b.path] || a.name.localeCompare(b.name)),
    ...otherDevices(networks, peers, otherwise),
  ];
};

const connectedDevice = (
  networks: readonly NetworkConfig[],
  key: string,
  met: readonly PeerInfo[],
): LinkedDevice => {
  const inNetworks = met.map((peer) => {
    const network = networks.find(({ networkId }) => networkId === peer.networkId);
    return { network, peer };
  });
  const [first] = inNetworks;
  const sum = (of: (peer: PeerInfo) => number): number =>
    met.reduce((total, peer) => total + of(peer), 0);
  const measured = met.flatMap(({ latency }) => latency ?? []);
  return {
    key,
    name: first === undefined ? key : deviceOfMember(first.network, first.peer.peerId),
    label: first === undefined ? key : labelOf(first.network, first.peer.peerId),
    path: first?.peer.path ?? "direct",
    networks: inNetworks.flatMap(({ network }) => network?.name ?? []),
    roundTripMs: measured.length === 0 ? null : Math.min(...measured),
    bytesSent: sum(({ bytesSent }) => bytesSent),
    bytesReceived: sum(({ bytesReceived }) => bytesReceived),
  };
};

const otherDevices = (
  networks: readonly NetworkConfig[],
  peers: readonly PeerInfo[],
  path: "away" | "beyond",
): readonly LinkedDevice[] =>
  networks.flatMap((network) =>
    (network.closed?.standing === "removed" ? [] : (network.closed?.members ?? []))
      .flatMap(({ devices }) => devices)
      .filter(
        ({ device, isThis }) =>
          !isThis &&
          !peers.some((peer) => peer.peerId === device && peer.networkId === network.networkId),
      )
      .map(({ device }) => ({
        ...{ key: `${network.networkId}/${device}`, path },
        ...{ name: deviceOfMember(network, device), label: labelOf(network, device) },
        ...{ networks: [network.name], roundTripMs: null, bytesSent: 0, bytesReceived: 0 },
      })),
  );

const labelOf = (network: NetworkConfig | undefined, device: string): string => {
  const member = network?.closed?.members.find(({ devices }) =>
    devices.some((each) => each.device === device),
  );
  const words =
    member === undefined || member.isSelf
      ? deviceOfMember(undefined, device)
      : memberInWords(member);
  return words.length > labelMax ? `${words.slice(0, labelMax - 1)}…` : words;
};

const labelMax = 15;

// ------------------------------------------------------------------------------ the picture

export interface Place {
  readonly key: string;
  readonly label: string;
  readonly x: number;
  readonly y: number;
}

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly self: Place;
  readonly relays: readonly (Place & { readonly isReached: boolean })[];
  readonly devices: readonly (Place & { readonly path: LinkedDevice["path"] })[];
  /** As the `d` of an SVG path. */
  readonly lines: readonly {
    readonly key: string;
    readonly kind: "direct" | "relayed" | "relay" | "relay-away";
    readonly d: string;
  }[];
}

export interface PicturedRelay {
  readonly address: string;
  readonly isReached: boolean;
}

/**
 * This device on the left, others on the right, relays below and between. Which relay carries a
 * connection is not told: it is drawn through the first that is reached.
 */
export const pictureOf = (
  relays: readonly PicturedRelay[],
  devices: readonly LinkedDevice[],
): Picture => {
  const rows = Math.max(devices.length, 1) * rowHeight;
  const height = Math.max(rows, 2 * rowHeight) + relayHeight;
  const self = {
    key: "self",
    label: connectionMessages.thisDevice,
    x: 44,
    y: (height - relayHeight) / 2,
  };
  const places = devices.map(({ key, label, path }, at) => {
    const top = (height - relayHeight - rows) / 2;
    return { key, label, path, x: 224, y: top + (at + 0.5) * rowHeight };
  });
  const stations = relays.map(({ address, isReached }, at) => ({
    ...{ key: address, isReached, y: height - 34 },
    label: connectionMessages.relay(at + 1, relays.length),
    x: 144 + (at - (relays.length - 1) / 2) * Math.min(64, 200 / Math.max(relays.length, 1)),
  }));
  const carrier = stations.find(({ isReached }) => isReached);
  const carried = places.filter(({ path }) => path === "relayed");
  return {
    ...{ width, height, self, relays: stations, devices: places },
    lines: [
      ...stations.map((relay) => ({
        ...{ key: `to ${relay.key}`, d: bow(self, relay) },
        kind: relay.isReached ? ("relay" as const) : ("relay-away" as const),
      })),
      ...places
        .filter(({ path }) => path === "direct" || path === "memory")
        .map((place) => ({ key: place.key, kind: "direct" as const, d: bow(self, place) })),
      ...carried.flatMap((place) => {
        if (carrier === undefined) return [];
        return [{ key: place.key, kind: "relayed" as const, d: bow(carrier, place) }];
      }),
    ],
  };
};

const width = 360;
const rowHeight = 34;
const relayHeight = 64;

const bow = (from: Place, to: Place): string => {
  const middle = (from.x + to.x) / 2;
  const at = (x: number, y: number): string => `${String(Math.round(x))} ${String(Math.round(y))}`;
  return `M${at(from.x, from.y)}C${at(middle, from.y)} ${at(middle, to.y)} ${at(to.x, to.y)}`;
};
