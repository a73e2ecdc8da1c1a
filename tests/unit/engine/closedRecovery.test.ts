/**
 * A network with several recovery keys, some of which have to agree: they are with different
 * people, and each of them asks for the same.
 */
import { expect, test } from "vitest";
import { bytesToHex } from "../../../src/core/base/bytes.ts";
import { makeProposal } from "../../../src/core/network/closed/make.ts";
import {
  encodeSignedProposal,
  parseSignedProposal,
  type ControlRecord,
} from "../../../src/core/network/closed/record.ts";
import type { RecoverySnapshot } from "../../../src/core/wire/snapshots.ts";
import { manage } from "../../../src/engine/closed/manage.ts";
import { deviceNameOf } from "../../../src/engine/device.ts";
import { closedOf, founder, heightOf, join, membershipOf, team, tell } from "./closedWorld.ts";
import { createWorld, type Device, type World } from "./world.ts";

const nameOf = (device: Device): string => deviceNameOf(membershipOf(device).device.publicKey);

const recovery = (device: Device): RecoverySnapshot | undefined => closedOf(device)?.recovery;

/** Under that device; true: others have to ask for it, too. */
const term = async (device: Device, under: Device): Promise<boolean> => {
  const request = { kind: "term", networkId: team, device: nameOf(under) } as const;
  const { isWaiting } = await manage(device.engine, request);
  await tell(device);
  return isWaiting;
};

const takeKey = async (device: Device, recoveryKey: string): Promise<void> => {
  await manage(device.engine, { kind: "import-recovery-key", networkId: team, recoveryKey });
  await tell(device);
};

interface Lost {
  readonly world: World;
  /** Keeps the order, and is lost. */
  readonly a: Device;
  readonly b: Device;
  readonly c: Device;
  readonly keys: readonly string[];
}

const lost = async (): Promise<Lost> => {
  const world = createWorld(8);
  const a = await founder(world, { keys: 3, needed: 2 });
  const [b, c] = [await join(world, a, { role: "owner" }), await join(world, a)];
  const { recoveryKeys: keys } = await manage(a.engine, {
    ...{ kind: "export-recovery-key", networkId: team },
  });
  expect(new Set(keys).size).toBe(3);
  await a.reopen(undefined, { joined: false });
  expect(recovery(a)).toEqual({ needed: 2, keys: 3, held: 3, asked: null });
  await manage(a.engine, { kind: "forget-recovery-keys", networkId: team });
  await a.reopen(undefined, { joined: false });
  expect(recovery(a)).toEqual({ needed: 2, keys: 3, held: 0, asked: null });
  await expect(term(a, a)).rejects.toMatchObject({ code: "NotPermitted" });
  await world.until(() => heightOf(b) === heightOf(a) && heightOf(c) === heightOf(a), "even");
  await a.disconnect();
  return { world, a, b, c, keys };
};

const sequencer = (device: Device): string => membershipOf(device).control.state().sequencer;

const keyOf = (device: Device): string => bytesToHex(membershipOf(device).device.publicKey);

test("two of three holders bring the network back, each by asking for it", async () => {
  const { world, a, b, c, keys } = await lost();
  await takeKey(b, keys[0] ?? "");
  expect(await term(b, b)).toBe(true);
  const asked = { device: nameOf(b), agreed: 1 };
  await world.until(() => recovery(c)?.asked !== null, "passed on");
  expect([recovery(b)?.asked, recovery(c)?.asked]).toEqual([asked, asked]);
  expect(closedOf(c)?.waiting).toEqual(["term"]);
  // Asked again, with the same key, it is no more than that; nor when the key is taken in twice
  await takeKey(b, keys[0] ?? "");
  expect(await term(b, b)).toBe(true);
  expect(recovery(b)).toEqual({ needed: 2, keys: 3, held: 1, asked });
  await world.pass(60_000);
  expect([sequencer(b), sequencer(c)]).toEqual([keyOf(a), keyOf(a)]);
  // It is kept, on both sides
  await b.reopen(undefined, { joined: false });
  await c.reopen(undefined, { joined: false });
  expect([recovery(b)?.asked, recovery(c)?.asked]).toEqual([asked, asked]);
  await takeKey(c, keys[2] ?? "");
  await term(c, b);
  await world.until(() => sequencer(b) === keyOf(b) && sequencer(c) === keyOf(b), "brought back");
  expect([recovery(b)?.asked, recovery(c)?.asked]).toEqual([null, null]);
  expect([closedOf(b)?.waiting, closedOf(c)?.waiting]).toEqual([[], []]);
  await a.connect();
  await world.until(() => sequencer(a) === keyOf(b), "told");
  for (const device of [a, b, c]) expect(device.failures()).toEqual([]);
});

test("two who asked at the same time agree as soon as one of them asks again", async () => {
  const { world, b, c, keys } = await lost();
  await takeKey(b, keys[0] ?? "");
  await takeKey(c, keys[1] ?? "");
  expect(await Promise.all([term(b, b), term(c, b)])).toEqual([true, true]);
  const hasBoth = (device: Device): boolean => membershipOf(device).proposals.size === 2;
  await world.until(() => hasBoth(b) && hasBoth(c), "each has the other's");
  expect([recovery(b)?.asked?.agreed, recovery(c)?.asked?.agreed]).toEqual([1, 1]);
  await term(c, b);
  await world.until(() => sequencer(b) === keyOf(b) && sequencer(c) === keyOf(b), "brought back");
  await world.until(() => !hasBoth(b) && !hasBoth(c), "nothing waits");
  expect([recovery(b)?.asked, recovery(c)?.asked]).toEqual([null, null]);
});

test("two who each agree to what the other asked for open one term, not two", async () => {
  const { world, b, c, keys } = await lost();
  await takeKey(b, keys[0] ?? "");
  await takeKey(c, keys[1] ?? "");
  await Promise.all([term(b, b), term(c, b)]);
  const waiting = (device: Device): number => membershipOf(device).proposals.size;
  await world.until(() => waiting(b) === 2 && waiting(c) === 2, "each has the other's");
  world.hub.partition([[b.network], [c.network]]);
  await Promise.all([term(b, b), term(c, b)]);
  world.hub.heal();
  await world.until(() => sequencer(c) === keyOf(b), "brought back");
  await world.until(() => waiting(b) === 0 && waiting(c) === 0, "nothing waits");
  await world.pass(60_000);
  for (const device of [b, c]) {
    const { control } = membershipOf(device);
    expect(control.records().filter(isTerm)).toHaveLength(1);
    expect([waiting(device), control.isFrozen()]).toEqual([0, false]);
    expect(device.failures()).toEqual([]);
  }
});

test("one device that has enough of them needs nobody else", async () => {
  const { world, b, c, keys } = await lost();
  for (const key of keys.slice(0, 2)) await takeKey(c, key);
  expect(await term(c, c)).toBe(false);
  await world.until(() => sequencer(b) === keyOf(c), "told");
});

test("what no recovery key signed is neither kept nor passed on", async () => {
  const { world, b, c, keys } = await lost();
  await takeKey(c, keys[1] ?? "");
  // A member that has none signs in the name of one
  const { control, network, device, proposals } = membershipOf(b);
  const [one = ""] = control.state().recovery.keys;
  const signer = { seed: device.seed, publicKey: Buffer.from(one, "hex") };
  const content = { kind: "term", sequencer: device.publicKey, keys: [] } as const;
  const request = { networkHash: network.networkHash, base: control.head(), content };
  const signed = await makeProposal(request, [signer], b.engine.deps.crypto);
  const parsed = parseSignedProposal(encodeSignedProposal(signed));
  if (!parsed.ok) throw new Error(parsed.error);
  proposals.set(parsed.value.name, parsed.value);
  await tell(b);
  await world.pass(30_000);
  expect(recovery(c)?.asked).toBeNull();
  expect(closedOf(c)?.waiting).toEqual([]);
  expect(await term(c, c)).toBe(true);
  expect(recovery(c)?.asked).toEqual({ device: nameOf(c), agreed: 1 });
});

const isTerm = ({ proposal: { content } }: ControlRecord): boolean => content.kind === "term";
