/**
 * WebRTC as it is behind a firewall that lets nothing but the web through: it signals through the
 * relay, as the real one does, and then nothing ever comes. Node has no WebRTC of its own.
 */
import {
  TypedEventEmitter,
  transportSymbol,
  type Connection,
  type DialTransportOptions,
  type Listener,
  type ListenerEvents,
} from "@libp2p/interface";
import { multiaddr, type Multiaddr } from "@multiformats/multiaddr";
import type { TransportFactory } from "../../src/net/webSockets.ts";

/** `onDial` is told whenever a dial began to hang. */
export const createHangingWebrtc =
  (onDial: () => void): TransportFactory =>
  (components) => ({
    [transportSymbol]: true,
    [Symbol.toStringTag]: "hanging WebRTC",
    dialFilter: (addresses) => addresses.filter(isWebrtc),
    listenFilter: (addresses) => addresses.filter(isWebrtc),
    createListener: () => new SilentListener(),
    dial: async (address: Multiaddr, options: DialTransportOptions): Promise<Connection> => {
      const { signal } = options;
      const circuit = multiaddr(address.toString().replace("/webrtc", ""));
      await components.transportManager.dial(circuit, { ...options, signal });
      onDial();
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          reject(new Error("nothing came"));
        });
      });
    },
  });

const isWebrtc = (address: Multiaddr): boolean => address.toString().includes("/webrtc");

class SilentListener extends TypedEventEmitter<ListenerEvents> implements Listener {
  listen = (): Promise<void> => Promise.resolve();
  getAddrs = (): Multiaddr[] => [];
  updateAnnounceAddrs = (): void => undefined;
  close = (): Promise<void> => Promise.resolve();
}
