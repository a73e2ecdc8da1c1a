/**
 * Real relays and real peers for tests in Node: WebSockets and circuits, everything but WebRTC,
 * which only a browser has.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { settingsWith, type Settings } from "../../relay/settings.ts";
import { startRelayServer, type RunningRelay } from "../../relay/start.ts";
import type { CarrierStatus, PeerChannel } from "../../src/core/net/carrier.ts";
import { systemClock } from "../../src/net/clock.ts";
import {
  openRelayedNode,
  type RelayedNode,
  type RelayedNodeDeps,
} from "../../src/net/relayedNode.ts";

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
  changes: Partial<Settings> = {},
): Promise<RunningRelay> => {
  const data = changes.data ?? (await temporaryDirectory(cleanup));
  const relay = await startRelayServer(
    settingsWith({ port: 0, static: data, ...changes, data }),
    () => undefined,
  );
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

export interface Received {
  readonly frames: readonly Uint8Array[];
  /** Resolves with the first so many frames. */
  received(count: number): Promise<readonly Uint8Array[]>;
  readonly closed: Promise<void>;
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

/** Sets the channel's handlers. */
export const record = <C extends Pick<PeerChannel, "onFrame" | "onClose">>(
  channel: C,
): Received & { readonly channel: C } => {
  const frames: Uint8Array[] = [];
  const changed = createSignal();
  channel.onFrame((frame) => {
    frames.push(frame);
    changed.raise();
  });
  return {
    channel,
    frames,
    received: (count) => changed.until(() => (frames.length >= count ? frames : undefined)),
    closed: new Promise((resolve) => {
      channel.onClose(resolve);
    }),
  };
};

export interface Signal {
  readonly raise: () => void;
  /**
   * Looks now and whenever the signal is raised, until the answer is neither undefined nor false.
   */
  until<T>(look: () => T | undefined | false): Promise<T>;
}

export const createSignal = (): Signal => {
  let waiting: (() => void)[] = [];
  return {
    raise: () => {
      const woken = waiting;
      waiting = [];
      for (const wake of woken) wake();
    },
    until: async (look) => {
      for (;;) {
        const found = look();
        if (found !== undefined && found !== false) return found;
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
  };
};
