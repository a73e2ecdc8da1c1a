/**
 * A member that lies. Its engine is honest; what the engine's writers say is changed from outside
 * before it is sealed and signed, and what it sends is mixed with garbage. Once it stops lying and
 * reads its own log anew, it is a member like any other.
 */
import type { Dot, Stamp, Time } from "../../src/core/base/types.ts";
import type { PeerChannel } from "../../src/core/net/carrier.ts";
import { sortDots } from "../../src/core/op/dots.ts";
import type { Entry } from "../../src/core/op/types.ts";
import type { OwnOp, RunOp } from "../../src/core/segment/cut.ts";
import type { SegmentDraft } from "../../src/core/segment/seal.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { Home } from "../../src/engine/home.ts";
import type { OwnWriter } from "../../src/engine/writer.ts";
import type { Random } from "../support/random.ts";

export interface Liar {
  /** Wraps the writers of all shared homes that the engine has by now. */
  readonly corrupt: (engine: Engine) => void;
  /** Between its engine and the network. */
  readonly tamper: (channel: PeerChannel) => PeerChannel;
  readonly stop: () => void;
}

export const createLiar = (random: Random): Liar => {
  const homes = new WeakSet<Home>();
  const writers = new WeakSet<OwnWriter>();
  let isLying = true;

  const corruptWriter = (home: Home, writer: OwnWriter | null): void => {
    if (writer === null || writers.has(writer)) return;
    writers.add(writer);
    const append = writer.append.bind(writer);
    const draftOf = writer.draftOf.bind(writer);
    writer.append = (ops, placing) =>
      append(isLying ? liesAbout(ops.map(spelledOut), home, random) : ops, placing);
    writer.draftOf = (run, controlHead) => {
      const draft = draftOf(run, controlHead);
      return isLying && random.chance(0.04) ? withGarbage(draft, random) : draft;
    };
  };

  const corruptHome = (home: Home): void => {
    if (homes.has(home)) return;
    homes.add(home);
    let present = home.writer;
    corruptWriter(home, present);
    Object.defineProperty(home, "writer", {
      enumerable: true,
      get: () => present,
      set: (writer: OwnWriter | null) => {
        corruptWriter(home, writer);
        present = writer;
      },
    });
  };

  return {
    corrupt({ registry }) {
      for (const home of registry.homes()) {
        if (home.membership.kind !== "local") corruptHome(home);
      }
    },
    tamper: (channel) => ({
      ...channel,
      send: async (frame) => {
        const sent = channel.send(frame);
        if (isLying && random.chance(0.02)) {
          await channel.send(garbageFrom(frame, random)).catch(() => undefined);
        }
        return sent;
      },
    }),
    stop: () => {
      isLying = false;
    },
  };
};

// ---------------------------------------------------------------------------- about its ops

/** Ops of one commit: their numbers stay, their times move together. */
/** An insert as any other write. */
const spelledOut = (op: RunOp): OwnOp => {
  if (op.kind !== "insert") return op;
  const { id, dot, time } = op;
  const { shape, values } = op.state();
  const entries = shape.paths.map((path, index) => ({
    ...({ kind: "set", path, value: values[index] ?? null } as const),
    ...{ replaces: [], seen: [], origin: null },
  }));
  return { kind: "write", id, dot, time, birth: true, births: [dot], entries };
};

const liesAbout = (ops: readonly OwnOp[], home: Home, random: Random): readonly OwnOp[] => {
  const shift = random.chance(0.3) ? random.pick(shifts) : 0;
  return ops.map((op) => {
    const moved = { ...op, time: shifted(op.time, shift) };
    return random.chance(0.5) ? lieAbout(moved, home, random) : moved;
  });
};

const shifts = [-1e12, -86_400_000, -60_000, 60_000, 600_000, 31_536_000_000];

const shifted = ({ ms, counter }: Time, by: number): Time => ({
  ms: Math.max(0, ms + by),
  counter,
});

const lieAbout = (op: OwnOp, home: Home, random: Random): OwnOp => {
  const anyName = (): readonly Dot[] => nameIn(home, op.dot, random);
  if (op.kind === "delete") {
    return random.chance(0.5) ? { ...op, births: sortDots([...op.births, ...anyName()]) } : op;
  }
  const births = op.births.filter(
    (birth) => (op.birth && birth === op.dot) || random.chance(0.7) || birth.n === op.dot.n,
  );
  const named = random.chance(0.2) ? anyName() : [];
  const entries = op.entries.map((entry) => lieAboutEntry(entry, anyName, random));
  return { ...op, births: sortDots([...births, ...named]), entries };
};

/** It leaves out what it replaces, names what it never saw there, and stamps as it likes. */
const lieAboutEntry = (entry: Entry, anyName: () => readonly Dot[], random: Random): Entry => {
  const kept = entry.replaces.filter(() => random.chance(0.7));
  const replaces = sortDots([...kept, ...(random.chance(0.15) ? anyName() : [])]);
  const origin = random.chance(0.15) ? anyStamp(anyName(), random) : entry.origin;
  return { ...entry, replaces, origin };
};

const anyStamp = ([dot]: readonly Dot[], random: Random): Stamp | null =>
  dot === undefined
    ? null
    : { ...dot, time: { ms: random.integer(2_000_000_000_000), counter: random.integer(3) } };

/** Something delivered, or of its own; now and then what is still to come, which means nothing. */
const nameIn = (home: Home, own: Dot, random: Random): readonly Dot[] => {
  if (random.chance(0.3)) {
    const n = 1 + random.integer(own.n + (random.chance(0.1) ? 3 : 0));
    return n === own.n ? [] : [{ writer: own.writer, n }];
  }
  const heads = home.tree.heads();
  if (heads.length === 0) return [];
  const { writer, n: last } = random.pick(heads);
  const dot = { writer, n: 1 + random.integer(last) };
  return home.tree.locate(dot) === null ? [] : [dot];
};

// ------------------------------------------------------------------- about segments and frames

/** Properly sealed and signed, and no body at all, or another than it says. */
const withGarbage = (draft: SegmentDraft, random: Random): SegmentDraft => {
  const dice = random.integer(3);
  if (dice === 0) return { ...draft, body: random.bytes(1 + random.integer(200)) };
  if (dice === 1) return { ...draft, body: spoilt(draft.body, random) };
  return { ...draft, count: draft.count, body: draft.body.slice(0, draft.body.length >> 1) };
};

const garbageFrom = (frame: Uint8Array, random: Random): Uint8Array => {
  const dice = random.integer(4);
  if (dice === 0) return random.bytes(1 + random.integer(300));
  if (dice === 1) return frame.slice(0, 1 + random.integer(frame.length));
  return dice === 2 ? spoilt(frame, random) : frame.slice();
};

const spoilt = (bytes: Uint8Array, random: Random): Uint8Array => {
  const copy = bytes.slice();
  const at = random.integer(copy.length);
  copy[at] = (copy[at] ?? 0) ^ (1 << random.integer(8));
  return copy;
};
