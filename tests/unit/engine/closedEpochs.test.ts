/**
 * Keys that members came too late for, and that the device that decides came too late for, too:
 * whoever has one carries it on, so that what was written under it is read by everybody.
 */
import { expect, test } from "vitest";
import { admitJoiner } from "../../../src/engine/closed/admit.ts";
import { beginJoining } from "../../../src/engine/closed/create.ts";
import { renewEpoch } from "../../../src/engine/closed/epochs.ts";
import { deviceNameOf } from "../../../src/engine/device.ts";
import {
  change,
  closedOf,
  founder,
  invited,
  join,
  membershipOf,
  open,
  share,
  standing,
  tell,
  verified,
} from "./closedWorld.ts";
import { createWorld } from "./world.ts";

test("a sequencer that lacks the present key leaves it to owners to carry it on", async () => {
  const world = createWorld();
  const a = await founder(world);
  const b = await join(world, a, { role: "owner" });
  for (const device of [a, b]) await share(device);
  const { link } = await invited(a, { uses: 2 });
  await world.until(verified(a, b), "verified");
  await a.disconnect();
  // Sealed to those that b knows of
  await renewEpoch(b.engine, membershipOf(b));
  const c = await open(world);
  const joining = await beginJoining(c.engine, link);
  const { certificate } = joining.device;
  await admitJoiner(a.engine, membershipOf(a), joining.publicKey, certificate);
  await change(a, { kind: "transfer", device: deviceNameOf(certificate.signingKey) });
  c.opened.sync.refresh();
  await a.connect();
  await world.until(() => standing(c) === "editor", "admitted");
  await tell(b);
  await world.until(() => closedOf(b)?.waiting.length === 0, "decided by the newcomer");
  const [, lacked] = membershipOf(b).control.state().epochs;
  await b.insert("notes", [{ id: "under that key" }]);
  await share(c);
  await world.until(() => c.get("notes", "under that key") !== undefined, "read by c");
  expect([...membershipOf(c).keys.keys()]).toContain(lacked?.id);
  await world.until(verified(a, b, c), "verified");
  await world.pass(30_000);
  const { length } = membershipOf(a).control.state().epochs;
  await world.pass(300_000);
  expect(membershipOf(a).control.state().epochs).toHaveLength(length);
});
