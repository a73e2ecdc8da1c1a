/**
 * A member of a closed network that sends whatever it likes, against running engines: greeted as it
 * should be, then hostile frames, segments and control records, half of them made from good ones.
 * The parts by themselves stand more of it in `hostileFrames.test.ts`, `greetingFuzz.test.ts` and
 * `hostile.test.ts`. HOSTILE_FRAMES=… plays more, HOSTILE_SEED=… others.
 */
import { expect, test } from "vitest";
import type { PeerChannel } from "../../src/core/net/carrier.ts";
import { encodeControlMessage } from "../../src/core/sync/controlMessage.ts";
import { encodeMessage, messageTypes } from "../../src/core/sync/frames.ts";
import { beginJoining } from "../../src/engine/closed/create.ts";
import { createHostileMessages, mutated } from "../support/hostileMessages.ts";
import { createRandom, type Random } from "../support/random.ts";
import {
  founder,
  invited,
  join,
  membershipOf,
  share,
  standing,
  verified,
} from "../unit/engine/closedWorld.ts";
import {
  createWorld,
  segmentsOf,
  type Device,
  type World,
  type WrapNetwork,
} from "../unit/engine/world.ts";

const frames = Number(process.env["HOSTILE_FRAMES"] ?? 2_000);
const seed = Number(process.env["HOSTILE_SEED"] ?? 1);

test(
  `${String(frames)} hostile frames of a member: nothing fails, nobody honest moves`,
  { timeout: 60_000 + frames * 40 },
  async () => {
    const random = createRandom(seed);
    const { world, a, b, liar, sessions } = await society();
    const heads = [a, b].map((device) => membershipOf(device).control.head());
    const rows = a.find("notes");
    const frameOf = await hostileSource(a);
    for (let sent = 0; sent < frames;) {
      const [channel] = sessions;
      // Who broke the rules is not met again at once
      if (channel === undefined) await world.pass(1_100);
      for (let left = random.integer(16); channel !== undefined && left > 0; left--) {
        sent++;
        await channel.send(frameOf(random)).catch(() => undefined);
      }
      await world.pass(random.chance(0.1) ? random.integer(2_000) : 1);
    }
    for (const device of [a, b]) expect(device.failures(), `seed ${seed}`).toEqual([]);
    expect([a, b].map((device) => membershipOf(device).control.head())).toEqual(heads);
    expect(a.find("notes")).toEqual(rows);
    await liar.disconnect();
    await b.insert("notes", [{ id: "after" }]);
    await world.until(() => a.get("notes", "after") !== undefined, "the others go on");
    await world.until(verified(a, b), "verified");
    // Each is told apart and counted, and a session ends for what no sound peer sends
    const refusals = { ...b.opened.sync.refusals(), ...a.opened.sync.refusals() };
    expect(Object.keys(refusals)).toEqual(
      expect.arrayContaining([
        ...["session: frame-malformed", "session: control-malformed", "session: segment-forged"],
        ...["session: operation-unasked", "session: want-not-held"],
        ...["segment refused: segment-form", "segment refused: certificate-signature"],
      ]),
    );
    expect(refusals["session: frame-malformed"]).toBeGreaterThan(frames / 200);
  },
);

interface Society {
  readonly world: World;
  readonly a: Device;
  readonly b: Device;
  readonly liar: Device;
  /** Channels of the liar's on which there is a session. */
  readonly sessions: ReadonlySet<PeerChannel>;
}

const society = async (): Promise<Society> => {
  const sessions = new Set<PeerChannel>();
  let isLiar = false;
  const world = createWorld(seed, (network) => (isLiar ? tapped(sessions)(network) : network));
  const a = await founder(world);
  const b = await join(world, a);
  const { link } = await invited(a);
  isLiar = true;
  const liar = await world.open({ joined: false });
  isLiar = false;
  await beginJoining(liar.engine, link);
  liar.opened.sync.refresh();
  await world.until(() => standing(liar) === "editor", "admitted");
  for (const device of [a, b, liar]) await share(device);
  await a.insert("notes", [{ id: "1", n: 1 }]);
  await b.insert("notes", [{ id: "2", n: 1 }]);
  await world.until(verified(a, b, liar), "verified");
  return { world, a, b, liar, sessions };
};

/** A channel has a session as soon as something else than a greeting goes over it. */
const tapped =
  (sessions: Set<PeerChannel>): WrapNetwork =>
  (network) => ({
    ...network,
    onChannel: (handler) => {
      network.onChannel((channel) => {
        let isOpen = true;
        handler({
          ...channel,
          send: (frame) => {
            if (isOpen && frame[0] !== messageTypes.greeting) sessions.add(channel);
            return channel.send(frame);
          },
          onClose: (closed) => {
            channel.onClose(() => {
              isOpen = false;
              sessions.delete(channel);
              closed();
            });
          },
        });
      });
    },
  });

/** Frames made from what an honest member holds, and of nothing. */
const hostileSource = async (honest: Device): Promise<(random: Random) => Uint8Array> => {
  const home = honest.shared("notes");
  const segments = await segmentsOf(honest);
  const [head] = home.tree.heads();
  if (head === undefined) throw new Error("there are heads");
  const messageOf = createHostileMessages({ ...head, scope: home.scope, header: head.hash });
  const { control } = membershipOf(honest);
  const records = control.records().map(({ bytes }) => bytes);
  const { hash } = control.head();
  const controls = [
    ...records.map(recordsOf),
    encodeControlMessage({ kind: "head", head: control.head(), have: [hash] }),
    encodeControlMessage({ kind: "answer", nonce: new Uint8Array(16), fault: "no-right" }),
  ];
  return (random) => {
    const dice = random.next();
    if (dice < 0.03) return Uint8Array.of(random.integer(32), ...random.bytes(random.integer(200)));
    if (dice < 0.08) return mutated(random, encodeMessage(messageOf(random)));
    if (dice < 0.12) return controlFrame(mutated(random, random.pick(controls)));
    if (dice < 0.16) return controlFrame(recordsOf(mutated(random, random.pick(records))));
    if (dice < 0.25) return controlFrame(random.pick(controls));
    if (dice < 0.5) {
      return encodeMessage({
        ...{ kind: "operation", request: null, position: 0, scope: home.scope, end: false },
        segments: [mutated(random, random.pick(segments))],
      });
    }
    return encodeMessage(messageOf(random));
  };
};

const recordsOf = (record: Uint8Array): Uint8Array =>
  encodeControlMessage({ kind: "records", records: [record] });

const controlFrame = (body: Uint8Array): Uint8Array => encodeMessage({ kind: "control", body });
