/**
 * What R does on m3 does not depend on what matched: every network and invite is tried, each at the
 * same cost. Counted, since time on a shared machine proves nothing.
 */
import { expect, test, vi } from "vitest";
import { createClosed, deviceOf, invitedBy } from "./greetingClosed.ts";
import { crypto, exchange } from "./greetingPair.ts";

const calls = vi.hoisted(() => ({ hmac: 0, deriveKey: 0 }));

vi.mock(import("../../../../src/core/crypto/hash.ts"), async (load) => {
  const real = await load();
  return {
    ...real,
    hmac: (...given) => {
      calls.hmac++;
      return real.hmac(...given);
    },
    deriveKey: (...given) => {
      calls.deriveKey++;
      return real.deriveKey(...given);
    },
  };
});

test("all networks and invites are tried, whichever matched, and if none did", async () => {
  const closed = createClosed();
  const maker = await deviceOf(closed, "member");
  const fellow = await deviceOf(closed, "member");
  const { open, held } = await invitedBy(maker);
  const { held: stranger } = await invitedBy(maker);
  const others = Array.from({ length: 20 }, () => ({
    ...maker,
    greetingKey: crypto.randomBytes(32),
  }));
  const links = others.map(() => ({ network: maker, publicKey: crypto.randomBytes(32) }));
  /** Up to and with m4: with anything but m4 I stops there. */
  const costOf = async (options: Parameters<typeof exchange>[0]): Promise<typeof calls> => {
    calls.hmac = 0;
    calls.deriveKey = 0;
    let atM4 = { ...calls };
    await exchange({
      ...options,
      toI: (frame, index) => {
        if (index === 1) atM4 = { ...calls };
        return [index === 1 ? frame.map((byte, at) => (at === 1 ? ~byte : byte)) : frame];
      },
    });
    return atM4;
  };
  const first = await costOf({ mine: fellow, theirs: [maker, ...others], invites: links });
  const last = await costOf({ mine: fellow, theirs: [...others, maker], invites: links });
  expect(last).toEqual(first);
  // One proof of I, 41 that R compares with, and m4.
  expect(first).toEqual({ hmac: 43, deriveKey: 20 });
  const early = await costOf({ invite: held, theirs: others, invites: [open, ...links] });
  const late = await costOf({ invite: held, theirs: others, invites: [...links, open] });
  expect(late).toEqual(early);
  // Here I derives a key too.
  expect(early).toEqual({ hmac: 43, deriveKey: 22 });
  // The maker dials: R holds the link, among others.
  const made = { open, theirs: others, invites: links };
  const alone = await costOf({ ...made, joinings: [held] });
  expect(alone).toEqual({ hmac: 43, deriveKey: 22 });
  // What is not tried costs nothing.
  const crowd = Array.from({ length: 20 }, () => links).flat();
  const most = await costOf({ invite: held, theirs: others, invites: [open, ...crowd] });
  expect(most).toEqual({ hmac: 258, deriveKey: 237 });
  // m4 is 32 random bytes where nothing matched.
  const none = await costOf({ invite: stranger, theirs: others, invites: [open, ...links] });
  expect(none).toEqual({ hmac: 42, deriveKey: 22 });
});
