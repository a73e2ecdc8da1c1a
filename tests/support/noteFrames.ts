/**
 * Carriers that let a test see, change or lose every frame just before it is sent. Apart from the
 * databases that meet, since they know carriers only.
 */
import type { Carrier, PeerChannel } from "../../src/core/net/carrier.ts";

export const noteFrames = (
  note: (frame: Uint8Array, channel: PeerChannel) => void,
): ((carrier: Carrier) => Carrier) =>
  changingFrames((frame, channel) => {
    note(frame, channel);
    return frame;
  });

/** Null for a frame that is lost. */
export type ChangeFrame = (frame: Uint8Array, channel: PeerChannel) => Uint8Array | null;

/** `opened` is told of every channel. */
export const changingFrames =
  (change: ChangeFrame, opened: (channel: PeerChannel) => void = () => undefined) =>
  (carrier: Carrier): Carrier => ({
    ...carrier,
    onChannel: (handler) => {
      carrier.onChannel((channel) => {
        opened(channel);
        handler(changing(channel, change));
      });
    },
  });

const changing = (channel: PeerChannel, change: ChangeFrame): PeerChannel => ({
  ...channel,
  send: (frame) => {
    const changed = change(frame, channel);
    return changed === null ? Promise.resolve() : channel.send(changed);
  },
});
