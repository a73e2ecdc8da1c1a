/**
 * What a carrier and its channels answer when they cannot do what is asked, alike in the page and
 * in the worker.
 */
import { NebulusError } from "../base/errors.ts";

export const isFrameLength = (length: number, bytesMax: number): boolean =>
  length > 0 && length <= bytesMax;

export const badFrameLength = (length: number, bytesMax: number): NebulusError =>
  new NebulusError({
    code: "TooLarge",
    message: `a frame has 1 to ${bytesMax} bytes, this one ${length}`,
    retryable: false,
  });

export const channelClosed = (): NebulusError =>
  new NebulusError({
    code: "PeerUnreachable",
    message: "the channel to this peer is closed",
    retryable: true,
  });

export const carrierStopped = (): NebulusError =>
  new NebulusError({ code: "Closed", message: "the network is not started", retryable: true });
