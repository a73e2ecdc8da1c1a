/**
 * A key that was proposed before a removal and is decided after it would be sealed to whoever was
 * removed: no record is made of it.
 */
import { expect, test } from "vitest";
import { hexToBytes } from "../../../src/core/base/bytes.ts";
import { readWhole } from "../../../src/core/cbor/structures.ts";
import { openEpoch, readEpoch, sealEpochKey } from "../../../src/core/network/closed/epoch.ts";
import { makeProposal, makeRecord } from "../../../src/core/network/closed/make.ts";
import { removalOf } from "../../../src/engine/closed/decide.ts";
import { renewEpoch } from "../../../src/engine/closed/epochs.ts";
import { newEpoch } from "../../../src/engine/closed/keys.ts";
import { createNodeCrypto } from "../../support/nodeCrypto.ts";
import { createRandom } from "../../support/random.ts";
import {
  accountOf,
  change,
  closedOf,
  founder,
  join,
  membershipOf,
  standing,
  tell,
} from "./closedWorld.ts";
import { createWorld, type Device } from "./world.ts";

const crypto = createNodeCrypto(createRandom(4));

/** Which epochs of a device's chain open to another, by their place. */
const openTo = async (chainOf: Device, device: Device): Promise<readonly boolean[]> => {
  const { control } = membershipOf(chainOf);
  const { xWingSeed, publicKey } = membershipOf(device).device;
  const { networkHash } = control;
  const opened: boolean[] = [];
  for (const { bytes, height, sender } of control.state().epochs) {
    const content = readWhole(bytes, readEpoch);
    if (!content.ok) throw new Error("an epoch that can not be read");
    const place = { networkHash, height, sender: hexToBytes(sender) };
    const mine = { ...place, signingKey: publicKey, xWingSeed };
    opened.push((await openEpoch(content.value, mine, crypto)) !== null);
  }
  return opened;
};

test("what waited while somebody was removed is proposed anew for those who stay", async () => {
  const world = createWorld();
  const a = await founder(world);
  const [b, c, d] = [
    await join(world, a, { role: "owner" }),
    await join(world, a),
    await join(world, a),
  ];
  await world.until(() => closedOf(b)?.members.length === 4, "all are known");
  await b.disconnect();
  await change(b, { kind: "remove-account", account: accountOf(d) });
  await renewEpoch(b.engine, membershipOf(b));
  await tell(b);
  expect(closedOf(b)?.waiting).toEqual(["remove", "epoch"]);
  await change(a, { kind: "remove-account", account: accountOf(c) });
  const before = (await openTo(a, c)).length;
  await b.connect();
  await world.until(() => standing(d) === "removed", "the other is removed too");
  await world.until(() => closedOf(b)?.waiting.length === 0, "nothing waits");
  expect(closedOf(a)?.members.map(({ account }) => account)).toEqual([accountOf(a), accountOf(b)]);
  const opened = await openTo(a, c);
  expect(opened.length).toBeGreaterThan(before);
  // Those that it had, and none from its removal on
  expect(opened.slice(before - 1)).toEqual(opened.slice(before - 1).map(() => false));
  expect((await openTo(a, d)).at(-1)).toBe(false);
  expect((await openTo(a, b)).slice(before - 1)).toEqual(opened.slice(before - 1).map(() => true));
});

test("a sequencer that records it all the same is not followed", async () => {
  const world = createWorld();
  const a = await founder(world);
  const [c, d] = [await join(world, a), await join(world, a)];
  const { control, device, network } = membershipOf(a);
  const base = control.head();
  const epoch = await newEpoch(a.engine, membershipOf(a), { base, previous: null });
  const { networkHash } = network;
  const removal = await removalOf(a.engine, membershipOf(a), { account: accountOf(d) }, base);
  // Sealed under a key that c has
  const under = membershipOf(a).epochs.latest();
  if (under === null) throw new Error("there is a key");
  const keys = [await sealEpochKey(under, under.key, networkHash, crypto)];
  await change(a, { kind: "remove-account", account: accountOf(c) });
  const contents = [{ kind: "epoch", epoch } as const, { kind: "keys", keys } as const, removal];
  for (const content of contents) {
    const signed = await makeProposal({ networkHash, base, content }, [device], crypto);
    const [parent] = control.from(control.head().height);
    if (parent === undefined) throw new Error("there is a head");
    const { term } = parent;
    const time = { ms: world.now(), counter: 0 };
    const made = { networkHash, parent, term, time, signed };
    const record = await makeRecord(made, device.seed, crypto);
    expect(await control.append(record)).toEqual({ ok: false, error: "outdated" });
  }
  await tell(a);
  await world.until(() => standing(c) === "removed", "removed");
  expect(standing(d)).toBe("editor");
});
