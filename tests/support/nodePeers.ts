/**
 * Real relays and real peers for tests in Node: WebSockets and circuits, everything but WebRTC,
 * which only a browser has.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunningRelay } from "../../relay/start.ts";
import { startTestRelay as startRelay, type TestRelaySettings } from "../../relay/testing.ts";
import type { CarrierStatus, PeerChannel } from "../../src/core/net/carrier.ts";
import { systemClock } from "../../src/net/clock.ts";
import {
  openRelayedNode,
  type RelayedNode,
  type RelayedNodeDeps,
} from "../../src/net/relayedNode.ts";
import { createSignal, record, type Received } from "./received.ts";

export { createSignal, record, type Received, type Signal } from "./received.ts";

/** Runs what was registered, last first, even if some of it fails. */
export interface Cleanup {
  add(task: () => unknown): void;
  run(): Promise<void>;
}

export const createCleanup = (): Cleanup => {
  const tasks: (() => unknown)[] = [];
  return {
    add: (task) => {
      tasks.push(task);
    },
    run: async () => {
      for (const task of tasks.splice(0).reverse()) await task();
    },
  };
};

export const temporaryDirectory = async (cleanup: Cleanup): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), "nebulus-test-"));
  cleanup.add(() => rm(directory, { recursive: true, force: true }));
  return directory;
};

/** `port` 0 takes a free one; the same `data` gives the same peer id. */
export const startTestRelay = async (
  cleanup: Cleanup,
  changes: TestRelaySettings = {},
): Promise<RunningRelay> => {
  const relay = await startRelay(changes);
  cleanup.add(() => relay.stop());
  return relay;
};

export interface TestPeer extends RelayedNode {
  /** Every channel so far, in order, with what it received. */
  readonly channels: readonly ReceivedChannel[];
  /** Resolves with the first status, from now on or in the past, that the test accepts. */
  until(isReached: (status: CarrierStatus) => boolean): Promise<CarrierStatus>;
  /** Resolves with the n-th channel, from 0. */
  channel(at: number): Promise<ReceivedChannel>;
}

export interface ReceivedChannel extends Received {
  readonly channel: PeerChannel;
}

export type NodeChanges = Partial<
  Pick<RelayedNodeDeps, "discovery" | "clock" | "places" | "webrtc">
>;

/**
 * Relays are given without their peer id, as a page derives them from its own origin, or as text.
 */
export const startTestNode = (
  relays: readonly (Pick<RunningRelay, "port"> | string)[],
  privateKey: Uint8Array | null = null,
  changes: NodeChanges = {},
): Promise<RelayedNode> =>
  openRelayedNode({
    privateKey,
    relays: relays.map((relay) =>
      typeof relay === "string" ? relay : `/ip4/127.0.0.1/tcp/${relay.port}/ws`,
    ),
    clock: systemClock,
    ...changes,
  });

export const startTestPeer = async (
  cleanup: Cleanup,
  relays: readonly (Pick<RunningRelay, "port"> | string)[],
  changes: NodeChanges = {},
): Promise<TestPeer> => {
  const node = await startTestNode(relays, null, changes);
  cleanup.add(() => node.stop());
  const changed = createSignal();
  const channels: ReceivedChannel[] = [];
  node.onStatus(changed.raise);
  node.onChannel((channel) => {
    channels.push(record(channel));
    changed.raise();
  });
  return {
    ...node,
    channels,
    until: async (isReached) => {
      await changed.until(() => isReached(node.status()));
      return node.status();
    },
    channel: (at) => changed.until(() => channels[at]),
  };
};
