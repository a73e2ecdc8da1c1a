/**
 * What a channel answers when it cannot send, alike in the page and in the worker.
 */
import { NebulusError } from "../base/errors.ts";
import { frameBytesMax } from "../base/limits.ts";

export const isFrameLength = (length: number): boolean => length > 0 && length <= frameBytesMax;

export const badFrameLength = (length: number): NebulusError =>
  new NebulusError({
    code: "TooLarge",
    message: `a frame has 1 to ${frameBytesMax} bytes, this one ${length}`,
    retryable: false,
  });

export const channelClosed = (): NebulusError =>
  new NebulusError({
    code: "PeerUnreachable",
    message: "the channel to this peer is closed",
    retryable: true,
  });
