/** The waiting inbox: what is released when, what goes when a bound is met. */
import { isDeepStrictEqual } from "node:util";
import { expect, test } from "vitest";
import { shortHashOf, shortened } from "../../../../src/core/base/ids.ts";
import type { ScopeId } from "../../../../src/core/base/types.ts";
import type { Need } from "../../../../src/core/segment/deliver.ts";
import {
  createInbox,
  inboxEntryBytes,
  inboxLimits,
  inboxNeedsMax,
  type Inbox,
  type InboxLimits,
} from "../../../../src/core/segment/inbox.ts";
import type { SealedSegment } from "../../../../src/core/segment/seal.ts";
import { parseSegment } from "../../../../src/core/segment/segment.ts";
import { createTestScope } from "../../../support/segments.ts";

const scope = createTestScope(1);
const device = await scope.device();
const other = await scope.device();
const foreignScope = createTestScope(2, 0).keys.scope;
const log: SealedSegment[] = [];
for (let index = 0; index < 8; index++) {
  log.push(await device.write({ after: log.at(-1) ?? null, count: 2 }));
}

const at = (index: number): SealedSegment => {
  const segment = log[index];
  if (segment === undefined) throw new Error("no such segment");
  return segment;
};
const needOf = (segment: SealedSegment): Need => ({
  ...{ kind: "header", writer: segment.header.writer },
  ...{ n: segment.header.first, header: shortened(segment.headerHash) },
});
const source = (from = "peer", isRequested = false) => ({
  ...{ scope: scope.keys.scope, from, isRequested },
});
const add = (
  inbox: Inbox,
  segment: SealedSegment,
  needs: readonly Need[],
  from = source(),
): readonly string[] => {
  const parsed = parseSegment(segment.bytes);
  if (!parsed.ok) throw new Error(parsed.error);
  return inbox.add(parsed.value, needs, from).map(({ header }) => header);
};
/** What to ask for: all that is needed and does not wait here itself. */
const missing = (inbox: Inbox, of: ScopeId): readonly Need[] => {
  const all = [...inbox.waiting()].filter(({ waiting }) => waiting.source.scope === of);
  const here = new Set<string>(all.map(({ waiting }) => shortened(waiting.header)));
  const needs = all.flatMap((each) => [...each.needs.values()]);
  const isNew = (need: Need, index: number): boolean =>
    needs.findIndex((each) => isDeepStrictEqual(each, need)) === index;
  return needs.filter(
    (need, index) => isNew(need, index) && !(need.kind === "header" && here.has(need.header)),
  );
};
const hashes = (segments: readonly { readonly header: string }[]) =>
  segments.map(({ header }) => header);
const small = (change: Partial<InboxLimits>) => createInbox({ ...inboxLimits, ...change });
const weight = (...segments: readonly SealedSegment[]) =>
  segments.reduce((sum, { bytes }) => sum + bytes.length + inboxEntryBytes, 0);

test("a segment is released when the last of its needs is met", async () => {
  const inbox = createInbox();
  const row = await other.write({});
  expect(add(inbox, at(1), [needOf(at(0)), needOf(row)])).toEqual([]);
  expect(missing(inbox, scope.keys.scope)).toEqual([needOf(at(0)), needOf(row)]);
  expect(inbox.release(at(0).headerHash)).toEqual([]);
  expect(missing(inbox, scope.keys.scope)).toEqual([needOf(row)]);
  expect(inbox.release(row.headerHash)).toEqual([
    {
      ...{ bytes: at(1).bytes, writer: device.writer, header: at(1).headerHash },
      source: source(),
    },
  ]);
  expect([inbox.segmentCount(), inbox.byteCount(), missing(inbox, scope.keys.scope)]).toEqual([
    0,
    0,
    [],
  ]);
  expect(inbox.release(row.headerHash)).toEqual([]);
});

test("what waits here itself is not asked for; other scopes ask for their own", () => {
  const inbox = createInbox();
  for (const index of [3, 2, 5]) add(inbox, at(index), [needOf(at(index - 1))]);
  expect(missing(inbox, scope.keys.scope)).toEqual([needOf(at(1)), needOf(at(4))]);
  const foreign = { ...source(), scope: foreignScope };
  add(inbox, at(7), [needOf(at(6))], foreign);
  expect(missing(inbox, foreignScope)).toEqual([needOf(at(6))]);
  expect(missing(inbox, scope.keys.scope)).toHaveLength(2);
});
test("a control head releases what waits for it alone", () => {
  const inbox = createInbox();
  const head = { term: 1, height: 2, hash: shortHashOf(new Uint8Array(16)) };
  const need: Need = { kind: "control", head };
  add(inbox, at(1), [need]);
  add(inbox, at(2), [need, needOf(at(1))]);
  expect(missing(inbox, scope.keys.scope)).toEqual([need]);
  expect(hashes(inbox.releaseControl({ ...head, height: 3 }))).toEqual([]);
  expect(hashes(inbox.releaseControl(head))).toEqual([at(1).headerHash]);
  expect(hashes(inbox.release(at(1).headerHash))).toEqual([at(2).headerHash]);
});

test("nothing waits twice, but one that was spoilt on its way keeps no other out", () => {
  const inbox = createInbox();
  const needs = [needOf(at(0))];
  expect(add(inbox, at(1), needs)).toEqual([]);
  expect(add(inbox, at(1), needs, source("another"))).toEqual([]);
  expect(inbox.segmentCount()).toBe(1);
  const parsed = parseSegment(at(1).bytes);
  if (!parsed.ok) throw new Error(parsed.error);
  inbox.add({ ...parsed.value, signature: new Uint8Array(64) }, needs, source());
  expect(inbox.segmentCount()).toBe(2);
  expect(inbox.release(at(0).headerHash)).toHaveLength(2);
});

test.each([
  ["segments of a writer", { segmentsPerWriter: 3 }],
  ["bytes of a writer", { bytesPerWriter: weight(at(1), at(2), at(3)) }],
  ["bytes of a peer", { bytesPerPeer: weight(at(1), at(2), at(3)) }],
  ["bytes in all", { bytes: weight(at(1), at(2), at(3)) }],
] as const)("the bound on %s evicts the oldest that nobody asked for", (_, limits) => {
  const inbox = small(limits);
  const need = (index: number) => [needOf(at(index - 1))];
  expect(add(inbox, at(1), need(1), source("peer", true))).toEqual([]);
  expect(add(inbox, at(2), need(2))).toEqual([]);
  expect(add(inbox, at(3), need(3))).toEqual([]);
  expect(add(inbox, at(4), need(4))).toEqual([at(2).headerHash]);
  expect(add(inbox, at(5), need(5), source("peer", true))).toEqual([at(3).headerHash]);
  expect(add(inbox, at(6), need(6), source("peer", true))).toEqual([at(4).headerHash]);
  // All that is left was asked for: who comes last goes.
  expect(add(inbox, at(7), need(7))).toEqual([at(7).headerHash]);
  expect(add(inbox, at(7), need(7), source("peer", true))).toEqual([at(7).headerHash]);
  expect(inbox.segmentCount()).toBe(3);
  expect(missing(inbox, scope.keys.scope)).toHaveLength(2);
  // What was evicted leaves no trace.
  expect(inbox.release(at(1).headerHash)).toEqual([]);
});

test("bounds of one writer and one peer leave others alone", async () => {
  const inbox = small({ segmentsPerWriter: 2, bytesPerPeer: weight(at(1), at(2), at(3)) });
  for (const index of [1, 2, 3]) add(inbox, at(index), [needOf(at(index - 1))]);
  expect(inbox.segmentCount()).toBe(2);
  const first = await other.write({});
  const second = await other.write({ after: first });
  expect(add(inbox, second, [needOf(first)], source("another"))).toEqual([]);
  expect(inbox.segmentCount()).toBe(3);
});

test("one too large for any bound is not kept", () => {
  const inbox = small({ bytes: weight(at(1)) - 1 });
  expect(add(inbox, at(1), [needOf(at(0))])).toEqual([at(1).headerHash]);
  expect(inbox.byteCount()).toBe(0);
});

test("a peer that broke the rules takes along what it sent unasked", () => {
  const inbox = createInbox();
  add(inbox, at(1), [needOf(at(0))], source("liar"));
  add(inbox, at(2), [needOf(at(1))], source("liar", true));
  add(inbox, at(3), [needOf(at(2))], source("friend"));
  expect(hashes(inbox.dropFrom("liar"))).toEqual([at(1).headerHash]);
  expect(inbox.segmentCount()).toBe(2);
  expect(inbox.dropFrom("nobody")).toEqual([]);
});

test("a header with thousands of rows takes no more memory than the bounds say", () => {
  const inbox = createInbox();
  const needs = Array.from({ length: 4_096 }, (_, n): Need => ({
    ...{ kind: "header", writer: other.writer, n: n + 1 },
    header: shortHashOf(scope.random.bytes(16)),
  }));
  add(inbox, at(1), needs);
  expect(missing(inbox, scope.keys.scope)).toEqual(needs.slice(0, inboxNeedsMax));
});
