/**
 * Carriers that let a test see, change or lose every frame just before it is sent. Apart from the
 * databases that meet, since they know carriers only.
 */
import type { Carrier, PeerChannel } from "../../src/core/net/carrier.ts";

export const noteFrames = (note: (frame: Uint8Array) => void): ((carrier: Carrier) => Carrier) =>
  changingFrames((frame) => {
    note(frame);
    return frame;
  });

/** `change` gives null for a frame that is lost; `opened` is told of every channel. */
export const changingFrames =
  (
    change: (frame: Uint8Array) => Uint8Array | null,
    opened: (channel: PeerChannel) => void = () => undefined,
  ) =>
  (carrier: Carrier): Carrier => ({
    ...carrier,
    onChannel: (handler) => {
      carrier.onChannel((channel) => {
        opened(channel);
        handler(changing(channel, change));
      });
    },
  });

const changing = (
  channel: PeerChannel,
  change: (frame: Uint8Array) => Uint8Array | null,
): PeerChannel => ({
  ...channel,
  send: (frame) => {
    const changed = change(frame);
    return changed === null ? Promise.resolve() : channel.send(changed);
  },
});
