/**
 * A log of frames, for who looks for what is wrong between two devices: what kind of frame went
 * where, when, and how long it was; never what is in it. Off until it is asked for, and bounded.
 */
import { frameNotesMax } from "../../core/base/limits.ts";
import type { PeerChannel } from "../../core/net/carrier.ts";
import { messageTypes } from "../../core/sync/frames.ts";
import type { FrameNote } from "../../core/wire/peers.ts";
import type { SyncState } from "./state.ts";

const logs = new WeakMap<SyncState, FrameNote[]>();

/** Switches it on or off, null: neither; what it noted up to now, oldest first. */
export const askFrameLog = (state: SyncState, isOn: boolean | null): readonly FrameNote[] => {
  const noted = logs.get(state) ?? [];
  if (isOn === true && !logs.has(state)) logs.set(state, []);
  if (isOn === false) logs.delete(state);
  return [...noted];
};

/** The same channel; what passes it is noted while the log is on. */
export const loggedChannel = (state: SyncState, channel: PeerChannel): PeerChannel => {
  const note = (direction: FrameNote["direction"], frame: Uint8Array): void => {
    const log = logs.get(state);
    if (log === undefined) return;
    const { remotePeer: transportId, path } = channel;
    const at = state.engine.deps.timers.now();
    log.push({ at, transportId, path, direction, kind: kindOf(frame), bytes: frame.length });
    if (log.length > frameNotesMax) log.shift();
  };
  const { remotePeer, localPeer, remotePeerBytes, localPeerBytes } = channel;
  const { initiator, isBeside, path, layers = [] } = channel;
  return {
    // By name: a carrier of somebody else may give an object of a class
    ...{ remotePeer, localPeer, remotePeerBytes, localPeerBytes },
    ...{ initiator, isBeside, path, layers },
    send: (frame) => {
      note("sent", frame);
      return channel.send(frame);
    },
    onFrame: (handler) => {
      channel.onFrame((frame) => {
        note("received", frame);
        handler(frame);
      });
    },
    onClose: (handler) => {
      channel.onClose(handler);
    },
    close: () => {
      channel.close();
    },
    another: () => {
      channel.another();
    },
  };
};

const kinds: ReadonlyMap<number, string> = new Map(
  Object.entries(messageTypes).map(([kind, type]) => [type, kind]),
);

/** A piece of a longer message is of that message's kind. */
const kindOf = ([type = 0]: Uint8Array): string => kinds.get(type & 0x7f) ?? `type ${String(type)}`;
