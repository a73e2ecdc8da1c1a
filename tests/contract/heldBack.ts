/**
 * What a connection owes its channels: one whose reader takes nothing delays no other. Written for
 * nodes that others make, so that relayed and direct connections run the same.
 */
import { expect, test } from "vitest";
import type { ChannelPath, PeerChannel } from "../../src/core/net/carrier.ts";
import type { RelayedNode } from "../../src/net/relayedNode.ts";
import { createSignal, record } from "../support/received.ts";

const tag = "c".repeat(32);
/** Below the 4 MiB that libp2p keeps of what nobody reads. */
const frames = 12;
const frameBytes = 256 * 1024;

export interface HeldBackBench {
  readonly open: () => Promise<RelayedNode>;
  /** What is to be tried. */
  readonly path: ChannelPath;
}

export const heldBackCases = ({ open, path }: HeldBackBench): void => {
  test("P-094 a channel that is held back delays no other of its connection", async () => {
    const nodes = [await open(), await open()] as const;
    const [one, two] = nodes.map((node) => channelsOf(node, path));
    for (const node of nodes) node.setTags([tag]);
    const [here, there] = await Promise.all([one?.first(), two?.first()]);
    if (one === undefined || two === undefined || !here || !there) throw new Error("two");
    const [first, met] = [record(here), record(there)];
    first.channel.another();
    const [held, unread] = await Promise.all([one.beside(), two.beside()]);

    // Nobody listens to it yet
    const sent = Array.from({ length: frames }, (_, at) =>
      held.send(new Uint8Array(frameBytes).fill(at)),
    );
    for (let turn = 1; turn <= 20; turn++) {
      await first.channel.send(Uint8Array.of(10, turn));
      await met.received(turn);
      await met.channel.send(Uint8Array.of(10, turn));
      await first.received(turn);
    }

    // All of it is there, as soon as somebody takes it
    const late = record(unread);
    const received = await late.received(frames);
    await Promise.all(sent);
    expect(received.map((frame) => [frame.length, frame[0]])).toEqual(
      Array.from({ length: frames }, (_, at) => [frameBytes, at]),
    );
  });
};

interface Channels {
  readonly first: () => Promise<PeerChannel>;
  readonly beside: () => Promise<PeerChannel>;
}

const channelsOf = (node: RelayedNode, path: ChannelPath): Channels => {
  const changed = createSignal();
  const all: PeerChannel[] = [];
  node.onChannel((channel) => {
    if (channel.path === path) all.push(channel);
    else channel.onFrame(() => undefined);
    changed.raise();
  });
  return {
    first: () => changed.until(() => all.find(({ isBeside }) => !isBeside)),
    beside: () => changed.until(() => all.find(({ isBeside }) => isBeside)),
  };
};
