/**
 * How this device connects: what a person set, as it crosses between pages and the worker, which
 * keeps it on this device.
 */

/** A STUN or TURN server. */
export interface IceServer {
  /** `stun:`, `stuns:`, `turn:` or `turns:`, then host and port. */
  readonly urls: readonly string[];
  /** Of a TURN server, which lets nobody in without both. */
  readonly username?: string;
  readonly credential?: string;
}

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
}

/** What is not named stays as it is. */
export type ConnectionChange = Partial<ConnectionSettings>;

export const defaultConnection: ConnectionSettings = {
  relays: [],
  iceServers: [],
  relayOnly: false,
};

/** Whether WebRTC may be used at all. */
export const allowsWebrtc = ({
  iceServers,
  relayOnly,
}: Pick<ConnectionSettings, "iceServers" | "relayOnly">): boolean =>
  !relayOnly || iceServers.some(({ urls }) => urls.some((url) => /^turns?:/.test(url)));
