/**
 * Random logs of writers that fork, named and read by replicas that learn of the forks at different
 * times. However they come to know the same headers, they must give every op the same name, and
 * find the same op under every row: checked against the definition of FORMATS.md §3 itself,
 * computed from the whole set of headers.
 */
import { expect, test } from "vitest";
import { hexToBytes } from "../../src/core/base/bytes.ts";
import { writerIdOf } from "../../src/core/base/ids.ts";
import type { Dot, HeaderHash, WriterId } from "../../src/core/base/types.ts";
import { shortHash } from "../../src/core/crypto/hash.ts";
import { decodeBody } from "../../src/core/segment/body.ts";
import { openSegment } from "../../src/core/segment/open.ts";
import type { SealedSegment } from "../../src/core/segment/seal.ts";
import type { DeliveredSegment } from "../../src/core/segment/segment.ts";
import { createTestScope, headsText, type TestReplica } from "../support/segments.ts";

const runs = Number(process.env["NEBULUS_FORK_RUNS"] ?? 60);

/** What an op wanted to name: the op n in a header, whatever they are called. */
interface Target {
  readonly header: HeaderHash;
  readonly n: number;
}

interface Written {
  readonly segment: SealedSegment;
  readonly targets: readonly Target[];
}

/** Writers of which most fork, each segment written on a replica that knows a part of the rest. */
const makeHistory = async (seed: number) => {
  const scope = createTestScope(seed, 0);
  const { random } = scope;
  const devices = await Promise.all([1, 2, 3].map(() => scope.device()));
  const replicas = [1, 2, 3].map(() => scope.replica());
  const written: Written[] = [];
  for (let step = 0; step < 24; step++) {
    const replica = random.pick(replicas);
    await catchUp(replica, written, () => random.chance(0.5));
    const device = random.pick(devices);
    const own = written.filter(
      ({ segment }) =>
        segment.header.writer === device.writer && replica.tree.get(segment.headerHash) !== null,
    );
    const from = random.chance(0.7) ? own.at(-1) : own[random.integer(own.length + 1)];
    const known = written.filter(({ segment: { headerHash } }) => replica.tree.get(headerHash));
    const targets = known.flatMap(({ segment: { header, headerHash } }) =>
      random.chance(0.3)
        ? [{ header: headerHash, n: header.first + random.integer(header.count) }]
        : [],
    );
    const foreign = targets.filter(({ header }) => {
      const node = replica.tree.get(header);
      return node !== null && node.writer !== device.writer;
    });
    const segment = await device.write({
      after: from?.segment ?? null,
      count: 1 + random.integer(3),
      value: step,
      named: foreign.map(({ header, n }) => ({ writer: nameHere(replica, header, n), n })),
      tree: replica.tree,
    });
    const verdict = await replica.check(segment.bytes);
    if (verdict.kind !== "delivered") continue;
    replica.tree.add(verdict.segment);
    written.push({ segment, targets: foreign });
  }
  return { scope, written };
};

const nameHere = ({ tree }: TestReplica, header: HeaderHash, n: number): WriterId =>
  tree.namesFor(header, []).own(n);

/**
 * Delivers, in the order of writing, what is missing and `wanted`, as far as its needs are there.
 */
const catchUp = async (
  replica: TestReplica,
  written: readonly Written[],
  wanted: () => boolean,
): Promise<void> => {
  for (const { segment } of written) {
    if (!wanted()) continue;
    const verdict = await replica.check(segment.bytes);
    if (verdict.kind === "delivered") replica.tree.add(verdict.segment);
  }
};

/** The definition, over the whole set: no branches, no order. */
const referenceNames = (written: readonly Written[]) => {
  const headers = new Map(written.map(({ segment }) => [segment.headerHash, segment.header]));
  const successors = new Map<string, number>();
  const parentKey = (hash: HeaderHash) => {
    const header = headers.get(hash);
    return header?.previous ?? `root of ${String(header?.writer)}`;
  };
  for (const hash of headers.keys()) {
    successors.set(parentKey(hash), (successors.get(parentKey(hash)) ?? 0) + 1);
  }
  const nameOf = (hash: HeaderHash): WriterId => {
    const header = headers.get(hash);
    if (header === undefined) throw new Error("a header without its predecessor");
    if ((successors.get(parentKey(hash)) ?? 0) > 1) {
      return writerIdOf(shortHash("branch", hexToBytes(header.writer), hexToBytes(hash)));
    }
    return header.previous === null ? header.writer : nameOf(header.previous);
  };
  return nameOf;
};

const compareDots = (a: Dot, b: Dot): number =>
  a.writer === b.writer ? a.n - b.n : a.writer < b.writer ? -1 : 1;

const namedBy = async (
  segment: DeliveredSegment,
  replica: TestReplica,
  scope: ReturnType<typeof createTestScope>,
): Promise<readonly Dot[]> => {
  const opened = await openSegment(segment, scope.keyring, scope.crypto);
  if (opened.kind !== "plain") throw new Error(opened.kind);
  const names = replica.tree.namesFor(segment.headerHash, segment.header.rows);
  const [op] = decodeBody(opened.body, segment.header, names);
  if (op?.kind !== "write") throw new Error(JSON.stringify(op));
  return op.entries.flatMap(({ replaces }) => replaces);
};

const checkSeed = async (seed: number): Promise<number> => {
  const { scope, written } = await makeHistory(seed);
  const nameOf = referenceNames(written);
  const heads = new Set<string>();
  for (let order = 0; order < 3; order++) {
    const replica = scope.replica();
    const delivered: DeliveredSegment[] = [];
    const left = scope.random.shuffle(written);
    while (left.length > 0) {
      const before = left.length;
      for (const item of [...left]) {
        const verdict = await replica.check(item.segment.bytes);
        if (verdict.kind !== "delivered") continue;
        replica.tree.add(verdict.segment);
        delivered.push(verdict.segment);
        left.splice(left.indexOf(item), 1);
      }
      expect(left.length).toBeLessThan(before);
    }
    heads.add(headsText(replica.tree.heads()).join());
    for (const segment of delivered) {
      const { headerHash, header } = segment;
      expect(nameHere(replica, headerHash, header.first)).toBe(nameOf(headerHash));
      const targets = written.find((each) => each.segment.headerHash === headerHash)?.targets ?? [];
      const wanted = targets.map(({ header: held, n }) => ({ writer: nameOf(held), n }));
      expect(await namedBy(segment, replica, scope)).toEqual(wanted.sort(compareDots));
      const last = { writer: nameOf(headerHash), n: header.first + header.count - 1 };
      expect(replica.tree.locate(last)?.header).toBe(headerHash);
    }
  }
  expect(heads.size).toBe(1);
  return new Set(written.map(({ segment }) => nameOf(segment.headerHash))).size;
};

test(`${String(runs)} histories with forks: equal names, heads and rows`, async () => {
  let names = 0;
  for (let seed = 1; seed <= runs; seed++) {
    try {
      names += await checkSeed(seed);
    } catch (error) {
      throw new Error(`seed ${String(seed)}: ${String(error)}`, { cause: error });
    }
  }
  // Histories without forks would show nothing.
  expect(names / runs).toBeGreaterThan(5);
}, 600_000);
