/**
 * What pages ask of connected peers, and what peers' applications say, as it crosses to and from
 * the worker.
 */
import type { ErrorValue } from "../base/errors.ts";
import type { Value } from "../base/types.ts";
import type { ChannelPath } from "../net/carrier.ts";

export type PeersRequest =
  | {
      readonly kind: "message";
      readonly networkId: string;
      /** A member's device; null: all that are connected. */
      readonly to: string | null;
      readonly type: string;
      readonly payload: Value;
    }
  /** Answered with the one device that is there. */
  | { readonly kind: "connect"; readonly address: string }
  /** Until it is connected by its address again. */
  | { readonly kind: "disconnect"; readonly device: string }
  /** Answered with one whose `frames` are the log; null: it stays as it is. */
  | { readonly kind: "frames"; readonly isOn: boolean | null };

export interface PeerOutcome {
  readonly device: string;
  /** null: done; of a message: it is on its way, and nobody says whether it arrives. */
  readonly error: ErrorValue | null;
  readonly frames?: readonly FrameNote[];
}

/** One frame that passed a channel. What is in it is not noted. */
export interface FrameNote {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The peer's end point, as `PeerInfo.transportId` names it. */
  readonly transportId: string;
  readonly path: ChannelPath;
  readonly direction: "sent" | "received";
  /** As the protocol names its frames: `greeting`, `operation`, `credit`, … */
  readonly kind: string;
  readonly bytes: number;
}

export interface PeerMessage {
  readonly networkId: string;
  /** The sender's device in that network: proven, whatever the message says. */
  readonly device: string;
  readonly type: string;
  /** Milliseconds since 1970 by the sender's clock. */
  readonly timestamp: number;
  readonly payload: Value;
}
