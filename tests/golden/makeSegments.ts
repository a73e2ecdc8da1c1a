/**
 * Made `segments.json`, once: keys, certificates, and whole logs with every kind of op, entry and
 * fault. Run by Node: `node tests/golden/makeSegments.ts`. It refuses to overwrite: what is golden
 * stays; a new version of the format gets a new file, and both are read for ever.
 */
import { writeFileSync } from "node:fs";
import { bytesToHex } from "../../src/core/base/bytes.ts";
import type { Dot, Time, Value } from "../../src/core/base/types.ts";
import { encodeCbor, type CborItem } from "../../src/core/cbor/item.ts";
import { CborWriter } from "../../src/core/cbor/writer.ts";
import { makeCertificate } from "../../src/core/network/certificate.ts";
import { rendezvousTags, scopeOf, writerOf } from "../../src/core/network/keys.ts";
import { localNetwork } from "../../src/core/network/local.ts";
import { openNetwork, publicKeyOf } from "../support/openNetwork.ts";
import type { Entry, SeenRun, WriteOp } from "../../src/core/op/types.ts";
import { encodeBody } from "../../src/core/segment/body.ts";
import { OpenRun, type OwnOp } from "../../src/core/segment/cut.ts";
import type { Opening } from "../../src/core/segment/header.ts";
import { sealSegment, type SealedSegment, type SegmentDraft } from "../../src/core/segment/seal.ts";
import { createNodeCrypto } from "../support/nodeCrypto.ts";
import { createRandom } from "../support/random.ts";
import { describe } from "./describe.ts";
import { createGoldenReader, type GoldenReader } from "./read.ts";

const random = createRandom(20_250_701);
const crypto = createNodeCrypto(random);

const name = "golden";
const secret = "a secret that is known to everyone who reads this file";
const open = openNetwork(name, secret);
const localSecret = random.bytes(32);
const localId = random.bytes(16);
const local = localNetwork(localSecret, localId);
const openScope = scopeOf(open, "notes", "documents");
const localScope = scopeOf(local, "notes", "documents");

const signingSeed = random.bytes(32);
const otherSeed = random.bytes(32);
const incarnation = random.bytes(16);

const certificateOf = (seed: Uint8Array): Promise<Uint8Array> =>
  makeCertificate(
    {
      account: open.account.publicKey,
      signingKey: publicKeyOf(seed),
      ...{ xWingKey: null, vaultXWingKey: null, extensions: [] },
    },
    open.networkHash,
    open.account.seed,
    crypto,
  );

interface Writer {
  readonly seed: Uint8Array;
  readonly opening: Opening;
  readonly writer: ReturnType<typeof writerOf>;
}

const writerFor = async (seed: Uint8Array, suite: 0 | 1): Promise<Writer> => {
  const signingKey = publicKeyOf(seed);
  const certificate = suite === 1 ? await certificateOf(seed) : null;
  const network = suite === 1 ? open : local;
  const scope = suite === 1 ? openScope : localScope;
  return {
    seed,
    opening: { signingKey, incarnation, certificate, extensions: [] },
    writer: writerOf(network.networkHash, scope, signingKey, incarnation),
  };
};

const time = (ms: number, counter = 0): Time => ({ ms: 1_751_328_000_000 + ms, counter });

const seal = (draft: SegmentDraft, by: Writer): Promise<SealedSegment> =>
  draft.controlHead === null
    ? sealSegment(
        draft,
        { networkHash: local.networkHash, scope: localScope, mayCompress: true, suite: 0 },
        crypto,
      )
    : sealSegment(
        draft,
        {
          ...{ networkHash: open.networkHash, scope: openScope, mayCompress: true, suite: 1 },
          ...{ epoch: open.epoch, signingSeed: by.seed },
        },
        crypto,
      );

/** The next segment of a writer, of these ops. */
const cut = (
  by: Writer,
  after: SealedSegment | null,
  reader: GoldenReader,
  ops: readonly OwnOp[],
  suite: 0 | 1 = 1,
): Promise<SealedSegment> => {
  const first = after === null ? 1 : after.header.first + after.header.count;
  const [start] = ops;
  if (start === undefined) throw new Error("a segment has ops");
  const run = new OpenRun({
    ...{ writer: by.writer, first, baseTime: start.time },
    locate: reader.tree.locate,
  });
  const outcome = run.append(ops);
  if (outcome.kind !== "appended") throw new Error(outcome.kind);
  const draft = run.toDraft({
    previous: after?.headerHash ?? null,
    opening: after === null ? by.opening : null,
    controlHead: suite === 1 ? open.controlHead : null,
  });
  return seal(draft, by);
};

const write = (dot: Dot, at: Time, rest: Partial<WriteOp>): WriteOp => ({
  ...{ kind: "write", dot, time: at, id: "a", birth: false, births: [], entries: [] },
  ...rest,
});
const plain = { replaces: [], seen: [], origin: null } as const;
const set = (path: readonly string[], value: Value): Entry & { readonly kind: "set" } => ({
  ...{ kind: "set", path, value },
  ...plain,
});

/** Every kind of op and entry, every kind of value, a row of another writer. */
const everything = (by: Writer, other: Dot): readonly OwnOp[] => {
  const dot = (n: number): Dot => ({ writer: by.writer, n });
  const seen: SeenRun = { run: dot(1), dot: dot(3), total: 7.5, alsoSaw: [] };
  return [
    write(dot(1), time(0), {
      birth: true,
      births: [dot(1)],
      entries: [
        set(["text"], "Grüße, 世界, 𝄞"),
        set(["numbers"], [0, -1, 23, 24, 255, 256, 65_536, 2 ** 32, -(2 ** 53 - 1), 0.1, 1e300]),
        set(["truth"], [true, false, null]),
        set(["nothing"], null),
        set(["bytes"], Uint8Array.of(0, 1, 254, 255)),
        set(["vector"], Float32Array.of(1, -0.5, 3.25)),
        set(["date"], new Date(1_751_328_000_123)),
        set(["deep", "path", "ü"], { b: [1], a: { c: "x" }, "\u00e9": 1 }),
        set(["empty"], {}),
        { kind: "increment", path: ["count"], run: dot(1), total: 2.5, ...plain },
        { kind: "add", path: ["tags"], element: "red", replaces: [], origin: null },
      ],
    }),
    write(dot(2), time(0, 65_535), {
      id: "b",
      birth: true,
      births: [dot(2)],
      entries: [set(["x"], 1)],
    }),
    write(dot(3), time(1), {
      births: [dot(1)],
      entries: [
        { ...set(["text"], "again"), replaces: [dot(1)] },
        {
          kind: "increment",
          path: ["count"],
          run: dot(1),
          total: 7.5,
          ...plain,
          replaces: [dot(1)],
        },
        { kind: "remove", path: ["tags"], element: "red", replaces: [dot(1)], origin: null },
      ],
    }),
    write(dot(4), time(90_000_000), {
      births: [dot(1), other],
      entries: [
        { ...set(["count"], 10), seen: [seen] },
        { kind: "unset", path: ["nothing"], replaces: [dot(1), other], seen: [], origin: null },
        {
          ...set(["old"], "first written elsewhere"),
          origin: { time: time(-5_000, 3), writer: other.writer, n: 77 },
        },
      ],
    }),
    { kind: "delete", id: "b", dot: dot(5), time: time(90_000_001), births: [dot(2)] },
  ];
};

/** A body of our own making, sealed as it is: bodies that only a liar or a later version writes. */
const sealBody = (
  by: Writer,
  after: SealedSegment,
  count: number,
  body: Uint8Array,
  at: Time = time(100_000_000),
): Promise<SealedSegment> =>
  seal(
    {
      ...{ writer: by.writer, first: after.header.first + after.header.count, count, body },
      ...{ previous: after.headerHash, opening: null, rows: [], time: at },
      controlHead: open.controlHead,
    },
    by,
  );

const odd: readonly CborItem[] = [
  [0, "c", 0, true, null, [[0, null, 0, "sound"]]],
  [9, "c", 1, "an unknown kind of op"],
  [0, "d", 1, true, null, [[0, null, 9, "an unknown kind of entry"]]],
  [0, "e", 1, true, null, [[0, null, 0, 1, null, null, null, "an extension"]]],
  [0, "f", 1, true, null, [[0, null, 0, 1]], "an extension"],
  "no array",
  [0, "g", -1, true, null, [[0, null, 0, 1]]],
  [0, "h", "1", true, null, [[0, null, 0, 1]]],
  [0, "i", 65_536, true, null, [[1, null, 0, "a bad path"]]],
  [0, "j", 1, true, null, [[3, null, 0, "no such path"]]],
  [
    0,
    "k",
    1,
    true,
    null,
    [
      [0, null, 0, 1],
      [2, null, 0, "the same register"],
    ],
  ],
  [0, "l", 1, true, null, [[0, null, 0, 1, null]]],
  [0, "m", 1, true, [1, 1], [[0, null, 0, "beyond the rows"]]],
  [0, "n", 1, true, [0, 99], [[0, null, 0, "later than itself"]]],
  [0, "", 1, true, null, []],
  [1, "c", 1, [0, 6]],
  [0, "o", 2 ** 53 - 1, true, null, [[0, null, 0, "four years later"]]],
];
const oddPaths: readonly CborItem[] = [["x"], ["$x"], ["x"]];
const encoded = (items: readonly CborItem[]): Uint8Array[] => items.map((item) => encodeCbor(item));

const nested = (depth: number): Uint8Array => {
  const writer = new CborWriter();
  writer.arrayHead(2);
  writer.arrayHead(0);
  writer.arrayHead(1);
  for (let level = 2; level < depth; level++) writer.arrayHead(1);
  writer.nil();
  return writer.take();
};

const makeOpenLog = async () => {
  const reader = createGoldenReader(open, openScope);
  const one = await writerFor(signingSeed, 1);
  const two = await writerFor(otherSeed, 1);
  const segments: { readonly name: string; readonly bytes: string; readonly reads: unknown }[] = [];
  const keep = async (what: string, segment: SealedSegment): Promise<SealedSegment> => {
    const reads = await reader.read(segment.bytes);
    segments.push({ name: what, bytes: bytesToHex(segment.bytes), reads });
    return segment;
  };
  const other = { writer: two.writer, n: 1 };
  const birth = write(other, time(-10), {
    ...{ birth: true, births: [other] },
    entries: [set(["nothing"], "of the other writer")],
  });
  await keep("of another writer", await cut(two, null, reader, [birth]));
  let last = await keep("every kind of op", await cut(one, null, reader, everything(one, other)));
  const body = encodeBody(encoded(oddPaths), encoded(odd));
  last = await keep("odd ops", await sealBody(one, last, odd.length, body));
  const late = { ms: 2 ** 48 - 1, counter: 65_534 };
  const clock = [5, 1, 1, 0].map((dt): CborItem => [0, "p", dt, true, null, []]);
  last = await keep(
    "the end of time",
    await sealBody(one, last, 4, encodeBody([], encoded(clock)), late),
  );
  const faulty: readonly (readonly [string, number, Uint8Array])[] = [
    ["another count of ops", 2, encodeBody([], encoded([[9, "q", 0]]))],
    ["bytes behind the body", 1, Uint8Array.of(...encodeBody([], encoded([[9, "q", 0]])), 0)],
    [
      "an integer in too many bytes",
      1,
      Uint8Array.of(0x82, 0x80, 0x81, 0x83, 0x18, 9, 0x61, 0x71, 0),
    ],
    ["as deep as allowed", 1, nested(32)],
    ["deeper than allowed", 1, nested(33)],
    ["no body", 1, encodeCbor("body")],
  ];
  for (const [what, count, bytes] of faulty) {
    last = await keep(what, await sealBody(one, last, count, bytes));
  }
  const n = last.header.first + last.header.count;
  const branch = (value: string) =>
    write({ writer: one.writer, n }, time(200_000_000), {
      ...{ id: "fork", birth: true, births: [{ writer: one.writer, n }] },
      entries: [set(["branch"], value)],
    });
  await keep("one branch", await cut(one, last, reader, [branch("left")]));
  await keep("another branch", await cut(one, last, reader, [branch("right")]));
  return { segments, state: reader.state(), writers: [one, two] };
};

const makeLocalLog = async () => {
  const reader = createGoldenReader(local, localScope);
  const one = await writerFor(signingSeed, 0);
  const first = { writer: one.writer, n: 1 };
  const birth = write(first, time(0), {
    ...{ birth: true, births: [first] },
    entries: [set(["title"], "at home ".repeat(20))],
  });
  const segment = await cut(one, null, reader, [birth], 0);
  const reads = await reader.read(segment.bytes);
  const segments = [{ name: "of the local network", bytes: bytesToHex(segment.bytes), reads }];
  return { segments, state: reader.state(), writers: [one] };
};

const openLog = await makeOpenLog();
const localLog = await makeLocalLog();
const day = 1_751_328_000_000;
const golden = {
  open: {
    ...{ name, secret, scope: openScope, network: describe(open) },
    ...{ day, rendezvousTags: rendezvousTags(open.epoch, day) },
    certificate: bytesToHex(await certificateOf(signingSeed)),
    writers: describe(openLog.writers),
    log: { segments: openLog.segments, state: openLog.state },
  },
  local: {
    ...{ secret: bytesToHex(localSecret), id: bytesToHex(localId), scope: localScope },
    network: describe(local),
    writers: describe(localLog.writers),
    log: { segments: localLog.segments, state: localLog.state },
  },
};
const target = new URL("segments.json", import.meta.url);
writeFileSync(target, `${JSON.stringify(golden, null, 1)}\n`, { flag: "wx" });
