/**
 * How the control chain comes to everybody: a decision once, from who made it; from others to who
 * asks, where whoever decided is out of reach; a proposal once, too.
 */
import { expect, test } from "vitest";
import {
  decodeControlMessage,
  type ControlMessage,
} from "../../../src/core/sync/controlMessage.ts";
import { decodeMessage, messageTypes } from "../../../src/core/sync/frames.ts";
import type { MemoryNetwork } from "../../../src/net/memory.ts";
import { changingFrames } from "../../support/noteFrames.ts";
import {
  accountOf,
  change,
  closedOf,
  founder,
  heightOf,
  invited,
  join,
  standing,
} from "./closedWorld.ts";
import { createWorld, type Device, type WrapNetwork } from "./world.ts";

interface Said {
  readonly from: MemoryNetwork;
  readonly to: MemoryNetwork | undefined;
  readonly message: ControlMessage;
}

/** Everything that is said of the chain, but what is to be lost. */
const listen = (isLost: (said: Said) => boolean = () => false) => {
  const said: Said[] = [];
  const networks = new Map<string, MemoryNetwork>();
  const wrap: WrapNetwork = (network) =>
    changingFrames((frame, { localPeer, remotePeer }) => {
      networks.set(localPeer, network);
      const whole = frame[0] === messageTypes.control ? decodeMessage(frame) : null;
      if (whole?.ok !== true || whole.value.kind !== "control") return frame;
      const message = decodeControlMessage(whole.value.body);
      if (!message.ok) throw new Error(message.error.code);
      const one = { from: network, to: networks.get(remotePeer), message: message.value };
      said.push(one);
      return isLost(one) ? null : frame;
    })(network);
  const of = (kind: ControlMessage["kind"]) => said.filter(({ message }) => message.kind === kind);
  return { said, wrap, of };
};

const areEven = (devices: readonly Device[]) => (): boolean =>
  new Set(devices.map(heightOf)).size === 1;

test("a decision comes to everybody once, from who made it", async () => {
  const { said, wrap, of } = listen();
  const world = createWorld(1, wrap);
  const a = await founder(world);
  const b = await join(world, a);
  const devices = [a, b, await join(world, a), await join(world, a)];
  await world.pass(10_000);
  await world.until(areEven(devices), "even");
  said.length = 0;
  await change(a, { kind: "role", account: accountOf(b), role: "owner" });
  await world.until(areEven(devices), "told");
  await world.pass(30_000);
  expect(new Set(of("records").map(({ to }) => to)).size).toBe(devices.length - 1);
  expect(of("records").length).toBe(devices.length - 1);
  // Each says where it stands to each other, in a few bytes
  const heads = of("head").map(({ message }) => ("have" in message ? message.have.length : -1));
  expect(heads.length).toBe(devices.length * (devices.length - 1));
  expect(heads.every((have) => have === 0)).toBe(true);
  // What is proposed goes to who decides, once, and comes back to all
  said.length = 0;
  await world.until(() => standing(b) === "owner", "an owner");
  await Promise.all([invited(b), invited(b)]);
  const isOpen = ({ state }: { readonly state: string }): boolean => state === "open";
  await world.until(() => closedOf(b)?.invites.filter(isOpen).length === 2, "decided");
  await world.until(areEven(devices), "told");
  await world.pass(30_000);
  expect(of("proposal").length).toBe(2);
  expect(of("records").length).toBe(2 * (devices.length - 1));
});

test("who does not hear the one that decides is told by the others", async () => {
  const deaf: { from?: MemoryNetwork; to?: MemoryNetwork } = {};
  const { said, wrap, of } = listen(
    ({ from, to, message }) => message.kind === "records" && from === deaf.from && to === deaf.to,
  );
  const world = createWorld(1, wrap);
  const a = await founder(world);
  const [b, c] = [await join(world, a), await join(world, a)];
  const devices = [a, b, c, await join(world, a)];
  await world.pass(10_000);
  await world.until(areEven(devices), "even");
  Object.assign(deaf, { from: a.network, to: c.network });
  said.length = 0;
  await change(a, { kind: "role", account: accountOf(b), role: "reader" });
  await world.until(() => heightOf(b) === heightOf(a), "b is told");
  expect(heightOf(c)).toBe(heightOf(a) - 1);
  await world.until(() => heightOf(c) === heightOf(a), "c is told");
  await world.pass(30_000);
  const fromOthers = of("records").filter(({ from, to }) => to === c.network && from !== a.network);
  expect([1, 2]).toContain(fromOthers.length);
});
