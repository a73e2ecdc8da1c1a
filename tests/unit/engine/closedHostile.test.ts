/**
 * A member that passes on what nobody signed: it is named, and when it is removed, only what is
 * here of its logs counts.
 */
import { expect, test } from "vitest";
import type { Carrier, PeerChannel } from "../../../src/core/net/carrier.ts";
import { encodeSegment, parseSegment } from "../../../src/core/segment/segment.ts";
import { decodeMessage, encodeMessage } from "../../../src/core/sync/frames.ts";
import {
  accountOf,
  change,
  founder,
  join,
  membershipOf,
  share,
  standing,
  verified,
} from "./closedWorld.ts";
import { createWorld, type Device } from "./world.ts";

/** The same frame, but that each segment in it bears another signature than its own. */
const forged = (frame: Uint8Array): Uint8Array => {
  const message = decodeMessage(frame);
  if (!message.ok || message.value.kind !== "operation") return frame;
  const segments = message.value.segments.map((bytes) => {
    const parsed = parseSegment(bytes);
    if (!parsed.ok) throw new Error(parsed.error);
    const { headerBytes, signature, body } = parsed.value;
    return encodeSegment(headerBytes, signature?.map((byte) => byte ^ 1) ?? null, body);
  });
  return encodeMessage({ ...message.value, segments });
};

/** What its channels let out from now on is forged. */
const lie = async (device: Device): Promise<void> => {
  const carrier: Carrier = {
    ...device.network,
    onChannel: (handler) => {
      device.network.onChannel((channel) => {
        const lying: PeerChannel = {
          ...channel,
          send: (frame) => channel.send(forged(frame)),
        };
        handler(lying);
      });
    },
  };
  await device.opened.sync.carry(carrier);
};

const removals = (device: Device): readonly boolean[] =>
  membershipOf(device)
    .control.records()
    .flatMap(({ proposal: { content } }) => (content.kind === "remove" ? [content.hostile] : []));

test("a liar is named, and removed as one; others are removed as ever", async () => {
  const world = createWorld();
  const a = await founder(world);
  const [b, c] = [await join(world, a), await join(world, a)];
  for (const device of [a, b, c]) await share(device);
  await world.until(verified(a, b, c), "verified");
  await lie(b);
  await b.insert("notes", [{ id: "1" }]);
  const { name } = membershipOf(b).device;
  const words = `session: device ${name} passed on what nobody signed`;
  await world.until(() => (a.opened.sync.refusals()[words] ?? 0) > 0, "found out");
  expect(a.get("notes", "1")).toBeUndefined();
  await change(a, { kind: "remove-account", account: accountOf(b) });
  await change(a, { kind: "remove-account", account: accountOf(c) });
  expect(removals(a)).toEqual([true, false]);
  await world.until(() => standing(c) === "removed", "told");
  expect(Object.keys(a.opened.sync.refusals()).filter((each) => each.includes("nobody"))).toEqual([
    words,
  ]);
});
