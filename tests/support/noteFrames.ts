/**
 * A carrier that lets a test see every frame just before it is sent. Apart from the databases that
 * meet, since it knows carriers only.
 */
import type { Carrier, PeerChannel } from "../../src/core/net/carrier.ts";

export const noteFrames =
  (note: (frame: Uint8Array) => void) =>
  (carrier: Carrier): Carrier => ({
    ...carrier,
    onChannel: (handler) => {
      carrier.onChannel((channel) => {
        handler(noting(channel, note));
      });
    },
  });

const noting = (channel: PeerChannel, note: (frame: Uint8Array) => void): PeerChannel => ({
  ...channel,
  send: (frame) => {
    note(frame);
    return channel.send(frame);
  },
});
