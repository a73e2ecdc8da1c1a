/**
 * Somebody at the hub who speaks the protocol by hand: for tests that play whoever was removed, or
 * never belonged.
 */
import { expect } from "vitest";
import type { Carrier, PeerChannel } from "../../../src/core/net/carrier.ts";
import {
  decodeControlMessage,
  encodeControlMessage,
  type ControlMessage,
} from "../../../src/core/sync/controlMessage.ts";
import { encodeMessage, type Message } from "../../../src/core/sync/frames.ts";
import { greet, type GreetingNetwork } from "../../../src/core/sync/greeting.ts";
import { createReceiver } from "../../../src/core/sync/receive.ts";
import { certifyNew, newKeys } from "../../../src/engine/closed/joining.ts";
import { queueFrames, type FrameQueue } from "../../../src/engine/sync/frameQueue.ts";
import { createNodeCrypto } from "../../support/nodeCrypto.ts";
import { createRandom } from "../../support/random.ts";
import { hex, membershipOf } from "./closedWorld.ts";
import type { Device, World } from "./world.ts";

export interface Watched {
  /** Under which name each is found. */
  readonly names: Map<object, string>;
  /** Whether it opened its channels itself. */
  readonly opened: Map<object, Set<boolean>>;
  readonly wrap: (network: Carrier) => Carrier;
}

export const watched = (): Watched => {
  const names = new Map<object, string>();
  const opened = new Map<object, Set<boolean>>();
  const wrap = (network: Carrier): Carrier => ({
    ...network,
    start: async (privateKey) => {
      const identity = await network.start(privateKey);
      names.set(network, identity.peerId);
      return identity;
    },
    onChannel: (handler) => {
      network.onChannel((channel) => {
        const roles = opened.get(network) ?? new Set();
        opened.set(network, roles.add(channel.initiator));
        handler(channel);
      });
    },
  });
  return { names, opened, wrap };
};

export interface Spoken {
  /** How the greeting ended on the attacker's side. */
  readonly fault: string;
  /** What came behind it, up to the end of the channel, as it came. */
  readonly messages: readonly Message[];
  readonly types: readonly number[];
}

export const crypto = createNodeCrypto(createRandom(77));

/** Somebody at the hub who greets as this on each channel; what came of the first of them. */
export const speak = async (
  { world, names }: { readonly world: World; readonly names: Watched["names"] },
  victim: Device,
  talk: (channel: PeerChannel, frames: FrameQueue) => Promise<string>,
): Promise<Spoken> => {
  const network = world.hub.network();
  const spoken: Promise<Spoken>[] = [];
  let isAnswered = false;
  network.onChannel((channel) => {
    const frames = queueFrames(channel, () => undefined);
    const ended = speakOn(channel, frames, talk);
    if (spoken.push(ended) > 1) return;
    void ended.then(() => {
      isAnswered = true;
    });
  });
  await network.start(null);
  const dialled = network.connect?.(`/memory/${names.get(victim.network) ?? ""}`);
  await world.until(() => isAnswered, "hung up on");
  await dialled;
  network.stop();
  // For another reason to meet, where nobody is told either
  for (const other of (await Promise.all(spoken)).slice(1)) expect(recordsIn(other)).toEqual([]);
  const [answered] = spoken;
  if (answered === undefined) throw new Error("it never spoke");
  return answered;
};

const speakOn = async (
  channel: PeerChannel,
  frames: FrameQueue,
  talk: (channel: PeerChannel, frames: FrameQueue) => Promise<string>,
): Promise<Spoken> => {
  const fault = await talk(channel, frames);
  const received: Uint8Array[] = [];
  for (let frame = await frames.receive(); frame !== null; frame = await frames.receive()) {
    received.push(frame);
  }
  return { fault, ...readAll(received) };
};

const readAll = (frames: readonly Uint8Array[]): Pick<Spoken, "messages" | "types"> => {
  const receiver = createReceiver();
  const messages = frames.flatMap((frame): Message[] => {
    const received = receiver.take(frame);
    const message = received.ok ? received.value?.message : undefined;
    return message === undefined || message.kind === "foreign" ? [] : [message];
  });
  return { messages, types: frames.map(([type]) => type ?? 0) };
};

/** As whom b greets, with something in it that may be another's. */
export const as =
  (device: Device, change: Partial<GreetingNetwork> = {}) =>
  async (channel: PeerChannel, { receive }: FrameQueue): Promise<string> => {
    const { network, device: own, control } = membershipOf(device);
    const { initiator, localPeerBytes: here, remotePeerBytes: there } = channel;
    const target: GreetingNetwork = {
      ...{ networkHash: network.networkHash, greetingKey: network.greetingKey },
      ...{ certificate: own.certificate, signingSeed: own.seed, controlHead: control.head() },
      ...{ standingOf: () => "member", isPossibleHead: () => true },
      ...change,
    };
    const result = await greet({
      ...(initiator
        ? { role: "I", network: target }
        : { role: "R", networks: [target], invites: [] }),
      ...{
        send: (frame: Uint8Array) => channel.send(frame),
        receive,
        crypto,
        timers: { after: () => () => undefined },
      },
      peers: initiator ? { idI: here, idR: there } : { idI: there, idR: here },
    });
    return result.ok ? "greeted" : result.error;
  };

export const recordsIn = ({ messages }: Spoken): readonly string[] =>
  messages.flatMap((message) => {
    const body = message.kind === "control" ? decodeControlMessage(message.body) : null;
    return body?.ok === true && body.value.kind === "records" ? body.value.records.map(hex) : [];
  });

/** All that b knew, under a name that nobody ever heard. */
export const renamed = async (
  b: Device,
): Promise<Pick<GreetingNetwork, "certificate" | "signingSeed">> => {
  const keys = await newKeys(crypto);
  const { networkHash } = membershipOf(b).network;
  const certificate = await certifyNew(keys, crypto.randomBytes(32), networkHash, crypto);
  return { certificate, signingSeed: keys.device.seed };
};

/** Greets, says these, and is silent until it is hung up on. */
export const saying =
  (device: Device, change: Partial<GreetingNetwork>, messages: readonly ControlMessage[]) =>
  async (channel: PeerChannel, frames: FrameQueue): Promise<string> => {
    const fault = await as(device, change)(channel, frames);
    if (fault !== "greeted") return fault;
    for (const message of messages) {
      await channel.send(encodeMessage({ kind: "control", body: encodeControlMessage(message) }));
    }
    return fault;
  };
