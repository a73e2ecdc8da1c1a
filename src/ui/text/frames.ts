/** The log of frames as people read it: the latest in few words, and all of it to be sent on. */
import { framesShownMax } from "../../core/base/limits.ts";
import type { FrameNote } from "../../client/networkTypes.ts";
import { connectionMessages } from "../connectionMessages.ts";
import { inDigits } from "../messages.ts";
import type { LinkedDevice } from "./links.ts";

export interface FrameRow {
  readonly time: string;
  /** Which way, and the other device. */
  readonly way: string;
  readonly kind: string;
  readonly bytes: string;
}

/** Gives the name of a peer's end point. */
export type NameOfPeer = (transportId: string) => string;

export interface PeerNames {
  /** Those that were met keep their names when they are gone. */
  readonly remember: (devices: readonly LinkedDevice[]) => void;
  readonly nameOf: NameOfPeer;
}

export const createPeerNames = (): PeerNames => {
  const names = new Map<string, string>();
  return {
    remember(devices) {
      for (const { key, name } of devices) names.set(key, name);
    },
    nameOf: (transportId) =>
      names.get(transportId) ?? connectionMessages.endPoint(transportId.slice(-8)),
  };
};

/** The latest first. */
export const frameRows = (notes: readonly FrameNote[], nameOf: NameOfPeer): readonly FrameRow[] =>
  notes
    .slice(-framesShownMax)
    .reverse()
    .map((note) => ({
      time: clock.format(note.at),
      way: connectionMessages.frameWays[note.direction](nameOf(note.transportId)),
      kind: note.kind,
      bytes: `${inDigits(note.bytes)} B`,
    }));

/** A line each, oldest first, with what a table in sight has no room for. */
export const framesAsText = (notes: readonly FrameNote[], nameOf: NameOfPeer): string =>
  notes
    .map(({ at, transportId, path, direction, kind, bytes }) => {
      const way = connectionMessages.frameWays[direction](nameOf(transportId));
      return [new Date(at).toISOString(), way, path, kind, String(bytes)].join("\t");
    })
    .join("\n");

const clock = new Intl.DateTimeFormat("en", {
  ...{ hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" },
  fractionalSecondDigits: 3,
});
