/**
 * This device's writes after a record of the chain ended its right to them (FORMATS.md §6). Where
 * it has the right again at the new head, it goes on under a new incarnation and writes them anew
 * at once; otherwise they are set aside and shown to it, since nobody accepts them. A removed
 * device keeps its documents as they are: nothing of them is shared any more.
 */
import { bytesToHex, equalBytes } from "../../core/base/bytes.ts";
import { notAcceptedNamedMax } from "../../core/base/limits.ts";
import { assert } from "../../core/base/result.ts";
import type { WriterId } from "../../core/base/types.ts";
import { hash } from "../../core/crypto/hash.ts";
import type { OwnOp } from "../../core/segment/cut.ts";
import { sealSegment } from "../../core/segment/seal.ts";
import { parseSegment, type ParsedSegment } from "../../core/segment/segment.ts";
import { writerBegin } from "../../core/segment/branches.ts";
import type { CryptoPort } from "../../core/crypto/port.ts";
import type { SegmentKey, Store } from "../../storage/store.ts";
import {
  asideChange,
  droppedChange,
  notAside,
  type AsideSegment,
  type NotAccepted,
} from "../aside.ts";
import type { Engine } from "../engine.ts";
import { hasPending, replaceContents, writersOf, type Home } from "../home.ts";
import { staleCheckpoint } from "../pages/checkpoint.ts";
import { PageMiss, type PageLease } from "../pages/pageMiss.ts";
import { keyOf } from "../ingest.ts";
import { mayWrite, mustWrite } from "../permission.ts";
import { presentChange } from "../present.ts";
import { forget, writeAnew } from "../rebuild.ts";
import { builtOn, readStored } from "../readStored.ts";
import { unsentOf } from "../reissue.ts";
import { createStoredOps } from "../storedOps.ts";
import { readStranded } from "../stranded.ts";
import type { ClosedMembership } from "./membership.ts";
import { voidedIn } from "./voided.ts";

/** At the opening, since a crash can come between a record and what follows from it. */
export const settleAtOpening = async (
  engine: Engine,
  membership: ClosedMembership,
): Promise<void> => {
  const homes = engine.registry.homesOf(membership);
  // What was to be written is not on its disk under the writer that the journal tells of
  const cutOff = homes.filter(({ isDropped }) => isDropped);
  for (const home of homes) await dropVoid(engine, home, membership);
  await settleOwnWrites(engine, membership, cutOff);
};

/**
 * What others wrote and what counts no more goes from the store, with what others built on it:
 * nothing tells of its rows that they are void where a log was closed by somebody who had nothing
 * of it, so that it is delivered nowhere. It would lie there in no log, and no later record would
 * be asked of it; what can be delivered under such a record peers have. What this device built on
 * it is then set aside.
 */
export const dropVoid = (engine: Engine, home: Home, membership: ClosedMembership): Promise<void> =>
  // The tree is made anew: not while a segment is being judged by the present one
  engine.ingest.inTurn(home, async () => {
    // What this device wrote stays with it, whatever others take of it
    const beyond = voidedIn(home, membership, "others");
    if (beyond.length === 0) return;
    await engine.rebuild.without(home, async () => {
      const { others } = await writtenOn(engine, home, beyond);
      const hasOwn = ownWriters(home).size > 0 || writersOf(home).length > 0;
      home.isDropped ||= hasOwn;
      home.isUnsettled ||= hasOwn;
      const notes = hasOwn ? [droppedChange(home.scope, true)] : [];
      return { segments: [...beyond, ...others], notes };
    });
  });

/** Behind records. `cutOff`: homes where the present incarnation is over in any case. */
export const settleOwnWrites = async (
  engine: Engine,
  membership: ClosedMembership,
  cutOff: readonly Home[] = [],
): Promise<void> => {
  const standing = membership.standing();
  for (const home of engine.registry.homesOf(membership)) {
    const lost = home.isDropped ? await undeliveredOwn(engine, home) : [];
    const beyond = (): readonly SegmentKey[] => [
      ...(standing === "removed" ? [] : ownBeyond(home, membership)),
      ...lost.filter(({ header }) => home.tree.get(header) === null),
    ];
    // What is not cut may name what went
    const isCutOff = cutOff.includes(home) || (home.isUnsettled && hasPending(home));
    const isOver = isCutOff
      ? writersOf(home).length > 0
      : standing !== "waiting" && isEnded(home, membership);
    if (beyond().length > 0 || isOver) {
      await setAside(engine, home, beyond);
      await engine.cutter.absorb();
    }
    home.isUnsettled = false;
    if (home.isDropped) await noLongerDropped(engine, home);
    const isDue = mayWrite(home) && home.aside.some((each) => each.isDue);
    if (isDue) await reissue(engine, home);
    await lookAt(engine, home, membership);
  }
};

/** Writes anew what was set aside; throws `NotPermitted` where that would be in vain, too. */
export const reissueNotAccepted = async (
  engine: Engine,
  membership: ClosedMembership,
): Promise<void> => {
  for (const home of engine.registry.homesOf(membership)) {
    if (home.notAccepted === null) continue;
    mustWrite(home);
    await reissue(engine, home);
    await lookAt(engine, home, membership);
  }
};

/** It is gone for good; a removed device's documents are as others have them. */
export const discardNotAccepted = async (
  engine: Engine,
  membership: ClosedMembership,
): Promise<void> => {
  for (const home of engine.registry.homesOf(membership)) {
    const beyond = ownBeyond(home, membership);
    if (beyond.length > 0) {
      await engine.ingest.inTurn(home, () =>
        engine.rebuild.without(home, async () => {
          const { own, others } = await writtenOn(engine, home, beyond);
          return { segments: [...beyond, ...own, ...others] };
        }),
      );
    }
    await letGo(engine, home);
    await lookAt(engine, home, membership);
  }
};

/** Before the network is left: into the documents that come home. */
export const bringBack = async (engine: Engine, membership: ClosedMembership): Promise<void> => {
  for (const home of engine.registry.homesOf(membership)) {
    if (home.aside.length > 0) await reissue(engine, home);
  }
};

// --------------------------------------------------------------------------- what is not accepted

/** Cut, delivered here, and void for everybody else. */
const ownBeyond = (home: Home, membership: ClosedMembership): readonly SegmentKey[] =>
  voidedIn(home, membership, "own");

/** Stored, and in no log: what it builds on is not there any more. */
const undeliveredOwn = async (
  { deps: { store } }: Engine,
  home: Home,
): Promise<readonly SegmentKey[]> => {
  const stored: ParsedSegment[] = [];
  for await (const { bytes } of store.segments(home.scope)) {
    const parsed = parseSegment(bytes);
    if (parsed.ok && home.tree.get(parsed.value.headerHash) === null) stored.push(parsed.value);
  }
  const { publicKey } = home.membership.device;
  const own = new Set(ownWriters(home));
  for (const { header } of stored) {
    const { opening, writer } = header;
    if (opening !== null && equalBytes(opening.signingKey, publicKey)) own.add(writer);
  }
  return stored
    .filter(({ header }) => own.has(header.writer))
    .map((segment) => keyOf(home, segment));
};

/** In whatever incarnation. */
const ownWriters = ({ tree, membership }: Home): ReadonlySet<WriterId> =>
  new Set(
    tree.heads().flatMap(({ hash: head, writer }) => {
      const key = tree.get(head)?.origin.signingKey;
      return key !== undefined && equalBytes(key, membership.device.publicKey) ? [writer] : [];
    }),
  );

const noLongerDropped = async ({ deps: { store } }: Engine, home: Home): Promise<void> => {
  await store.write({ meta: new Map([droppedChange(home.scope, false)]) });
  home.isDropped = false;
};

/** Nothing that this device's writers say from now on counts, or what they said waits in vain. */
const isEnded = (home: Home, { control, device }: ClosedMembership): boolean => {
  if (!mayWrite(home)) return writersOf(home).length > 0;
  const { writer, tree, scope } = home;
  const head = writer?.head ?? null;
  const node = head === null ? null : tree.get(head);
  // One that began with nothing cut begins under the head to come
  if (writer === null || node === null) return false;
  const begun = writerBegin(node).controlHead;
  const found = begun === null ? null : control.find(begun);
  const openedAt = found?.kind === "known" ? found.position : -1;
  return control.frontierOf(scope, writer.id, device.publicKey, openedAt) !== null;
};

/** What people are told of it. */
const lookAt = async (
  { deps: { store, crypto } }: Engine,
  home: Home,
  membership: ClosedMembership,
): Promise<void> => {
  const beyond = await segmentsOf(store, ownBeyond(home, membership));
  const segments = [...home.aside.map(({ bytes }) => bytes), ...beyond];
  if (segments.length === 0) {
    home.notAccepted = null;
    return;
  }
  const { ops } = await readStranded(home, segments, crypto);
  home.notAccepted = summaryOf(ops.map(({ op }) => op));
};

const summaryOf = (ops: readonly OwnOp[]): NotAccepted => ({
  operations: ops.length,
  documents: [...new Set(ops.map(({ id }) => id))].slice(0, notAcceptedNamedMax),
});

// ---------------------------------------------------------------------------------- setting aside

/**
 * In one transaction, so that it stands in one place or the other. The journal has what was never
 * cut until it is let go: an opening in between finds it set aside, too. `beyond` is asked when
 * nothing is cut any more.
 */
const setAside = (engine: Engine, home: Home, beyond: () => readonly SegmentKey[]): Promise<void> =>
  engine.ingest.inTurn(home, () =>
    engine.rebuild.alone(home, async () => {
      const { ingest, deps } = engine;
      const { store, crypto } = deps;
      const isDue = mayWrite(home);
      const ended = beyond();
      const upon = await writtenOn(engine, home, ended);
      const gone = [...ended, ...upon.own];
      const cut = await segmentsOf(store, gone);
      const uncut = await sealPending(home, crypto);
      const added = [...cut, ...uncut].map((bytes) => asideOf(bytes, isDue));
      const [writer, retired] = [home.writer, home.retired];
      Object.assign(home, { writer: null, retired: [] });
      try {
        await forget(
          deps,
          home,
          staleCheckpoint(home),
          [...gone, ...upon.others],
          [...added.map((each) => asideChange(home.scope, each)), presentChange(home)],
        );
      } catch (error) {
        Object.assign(home, { writer, retired });
        for (const each of writersOf(home)) each.unsealed();
        throw error;
      }
      home.isUnsettled = false;
      home.aside = [...home.aside, ...added];
      const { read } = await readStored(home, store, ingest);
      // A checkpoint that was under way may have come in between
      const stale = staleCheckpoint(home);
      // They say how far logs go that end before
      home.proofs.clear();
      replaceContents(home, read);
      await forget(deps, home, stale);
    }),
  );

interface BuiltOn {
  readonly own: readonly SegmentKey[];
  readonly others: readonly SegmentKey[];
}

/** What was written upon these: it can be delivered nowhere once they are gone. */
const writtenOn = async (
  { deps: { store } }: Engine,
  home: Home,
  gone: readonly SegmentKey[],
): Promise<BuiltOn> => {
  if (gone.length === 0) return { own: [], others: [] };
  const writers = ownWriters(home);
  // What waits already waits for what a peer may bring
  const upon = (await builtOn(home, store, gone)).map((segment) => keyOf(home, segment));
  return {
    own: upon.filter(({ writer }) => writers.has(writer)),
    others: upon.filter(({ writer }) => !writers.has(writer)),
  };
};

/** What is not cut, as segments that leave this device never: plain, as the journal had it. */
const sealPending = async (home: Home, crypto: CryptoPort): Promise<readonly Uint8Array[]> => {
  const { scope, membership } = home;
  const { networkHash } = membership.network;
  const keys = { suite: 0, networkHash, scope, mayCompress: true } as const;
  const sealed: Uint8Array[] = [];
  for (const writer of writersOf(home)) {
    for (let run = writer.nextToCut(); run !== null; run = writer.nextToCut()) {
      const draft = writer.draftOf(run, null);
      const opening = draft.opening === null ? null : { ...draft.opening, certificate: null };
      const { bytes, headerHash } = await sealSegment({ ...draft, opening }, keys, crypto);
      writer.sealed(run, headerHash);
      // A crash came before the journal was let go
      if (!isAside(home, writer.id, run.first)) sealed.push(bytes);
    }
  }
  return sealed;
};

const isAside = ({ aside }: Home, writer: string, n: number): boolean =>
  aside.some(({ bytes }) => {
    const parsed = parseSegment(bytes);
    if (!parsed.ok || parsed.value.header.writer !== writer) return false;
    const { first, count } = parsed.value.header;
    return n >= first && n < first + count;
  });

const asideOf = (bytes: Uint8Array, isDue: boolean): AsideSegment => {
  const parsed = parseSegment(bytes);
  assert(parsed.ok, "what was cut here is well formed");
  return { header: parsed.value.headerHash, bytes, isDue };
};

/** One that the disk lost is gone: it counted for nobody. */
const segmentsOf = async (
  store: Store,
  keys: readonly SegmentKey[],
): Promise<readonly Uint8Array[]> => {
  const segments = await Promise.all(keys.map((key) => store.segment(key)));
  return segments.filter((bytes) => bytes !== null);
};

// --------------------------------------------------------------------------------- writing it anew

/** As a command, so that it is done once whatever comes between. */
const reissue = async (engine: Engine, home: Home): Promise<void> => {
  const { ingest, rebuild, deps } = engine;
  const { store, crypto } = deps;
  await ingest.inTurn(home, () =>
    rebuild.alone(home, async ({ commitOnce }) => {
      const segments = home.aside.map(({ bytes }) => bytes);
      const { ops } = await readStranded(home, segments, crypto);
      const unsent = await unsentOf(ops, [], createStoredOps(home, store, crypto));
      await withPages(() =>
        commitOnce(commandOf(home), (draft) => {
          writeAnew(draft, home, unsent, "born anew");
        }),
      );
    }),
  );
  await letGo(engine, home);
};

/** What it names may stand on pages: those are loaded, and it is tried again. */
const withPages = async (run: () => Promise<void>): Promise<void> => {
  const leases: PageLease[] = [];
  try {
    for (;;) {
      const miss = await run().then(
        () => null,
        (error: unknown) => {
          if (error instanceof PageMiss) return error;
          throw error;
        },
      );
      if (miss === null) return;
      leases.push(await miss.load());
    }
  } finally {
    for (const { release } of leases) release();
  }
};

/** The same for the same segments. */
const commandOf = ({ aside }: Home): string =>
  `reissue ${bytesToHex(
    hash(
      "reissue",
      aside
        .map(({ header }) => header)
        .sort()
        .join(" "),
    ),
  )}`;

const letGo = async ({ deps: { store } }: Engine, home: Home): Promise<void> => {
  if (home.aside.length === 0) return;
  await store.write({ meta: new Map(home.aside.map((each) => notAside(home.scope, each))) });
  home.aside = [];
};
