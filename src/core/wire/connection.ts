/**
 * How this device connects, as it crosses between pages and the worker: what a person set, which
 * the worker keeps on this device, and how it stands with relays and peers.
 */
import { dialMillisecondsDefault, discoveryMillisecondsDefault } from "../base/limits.ts";
import type { DirectAttempts, PeerStatus, RelayStatus } from "../net/carrier.ts";

/** A STUN or TURN server. */
export interface IceServer {
  /** `stun:`, `stuns:`, `turn:` or `turns:`, then host and port. */
  readonly urls: readonly string[];
  /** Of a TURN server, which lets nobody in without both. */
  readonly username?: string;
  readonly credential?: string;
}

/** How this device connects, as a person set it; kept on this device. */
export interface ConnectionSettings {
  /** Multiaddresses; none: the relay that serves the page. */
  readonly relays: readonly string[];
  /** None unless given, so that no third party learns of this device. */
  readonly iceServers: readonly IceServer[];
  /**
   * No address of this device is shown to peers: direct connections go through a TURN server, and
   * where none is set there are none, so that relays carry everything.
   */
  readonly relayOnly: boolean;
  /**
   * false: relays are not asked who is there, only their DHT is, as without the discovery option of
   * that name; whoever asks the DHT alone finds only those who do so too. Without effect where the
   * application uses no DHT. Default true.
   */
  readonly rendezvous: boolean;
}

/** How a node finds others: of the application, the same as long as the database is open. */
export interface Discovery {
  /** false: relays are not asked who is there, only their DHT is. */
  readonly rendezvous: boolean;
  /** false: the DHT is asked by no means; else where no relay has a rendezvous. */
  readonly dht: boolean;
  /** Milliseconds between two questions to the DHT while peers are connected; faster without. */
  readonly interval: number;
  /** Milliseconds after which a dial ends, to a relay or to a peer. */
  readonly dialTimeout: number;
}

export const usualDiscovery: Discovery = {
  rendezvous: true,
  dht: true,
  interval: discoveryMillisecondsDefault,
  dialTimeout: dialMillisecondsDefault,
};

/** What is not named stays as it is. */
export type ConnectionChange = Partial<ConnectionSettings>;

export const defaultConnection: ConnectionSettings = {
  relays: [],
  iceServers: [],
  relayOnly: false,
  rendezvous: true,
};

/**
 * Neither what the application asks for nor what a person set overrules the other; where the
 * application uses no DHT, the rendezvous stays: nobody would be found.
 */
export const discoveryOf = (
  asked: Discovery,
  { rendezvous }: Pick<ConnectionSettings, "rendezvous">,
): Discovery => ({ ...asked, rendezvous: asked.rendezvous && (rendezvous || !asked.dht) });

/** Whether WebRTC may be used at all. */
export const allowsWebrtc = ({
  iceServers,
  relayOnly,
}: Pick<ConnectionSettings, "iceServers" | "relayOnly">): boolean =>
  !relayOnly || iceServers.some(({ urls }) => urls.some((url) => /^turns?:/.test(url)));

/** How it stands with all that the page's network deals with. */
export interface Connectivity {
  readonly relays: readonly (RelayStatus & Since)[];
  readonly peers: readonly PeerConnectivity[];
  /** Absent: none are tried. */
  readonly direct?: DirectAttempts;
}

export interface PeerConnectivity extends PeerStatus, Since {
  /** Why the last greeting came to nothing, as `health().refusals` names it; null: it did not. */
  readonly refusal: string | null;
}

interface Since {
  /** Milliseconds since 1970: all that is said of it holds since then. */
  readonly since: number;
}
