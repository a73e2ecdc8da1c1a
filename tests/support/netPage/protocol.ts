/**
 * What the carrier's test page and its worker say to each other, besides the carrier's own
 * messages.
 */
import type { CarrierStatus, ChannelPath } from "../../../src/core/net/carrier.ts";

export interface StartOptions {
  readonly tags: readonly string[];
  readonly privateKey?: readonly number[];
  readonly relayOnly?: boolean;
}

export type TestRequest =
  | { readonly kind: "start"; readonly options: StartOptions; readonly port: MessagePort }
  | { readonly kind: "tags"; readonly tags: readonly string[] }
  /** So many frames of so many bytes, each filled with its place (modulo 256). */
  | {
      readonly kind: "send";
      readonly channel: number;
      readonly frames: number;
      readonly bytes: number;
    }
  | { readonly kind: "close"; readonly channel: number };

/** What the worker saw, sent whole after every change. */
export interface Seen {
  readonly peerId: string;
  readonly privateKey: readonly number[];
  readonly status: CarrierStatus;
  readonly channels: readonly SeenChannel[];
  readonly errors: readonly string[];
}

export interface SeenChannel {
  readonly remotePeer: string;
  readonly path: ChannelPath;
  readonly initiator: boolean;
  readonly isOpen: boolean;
  /** Frames received and sent, and the bytes received. */
  readonly received: number;
  readonly sent: number;
  readonly bytes: number;
  /** Every frame received was whole and in its place. */
  readonly isOrdered: boolean;
}
