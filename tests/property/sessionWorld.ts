/**
 * A small world for the sync session: replicas that hold chains of opaque segments, links that
 * lose, repeat and overtake, and a virtual clock. All frames are real: encoded, cut into pieces,
 * read again. Everything follows from one seed.
 */
import { bytesToHex } from "../../src/core/base/bytes.ts";
import { headerHashOf, scopeIdOf, writerIdOf } from "../../src/core/base/ids.ts";
import type { HeaderHash, ScopeId, WriterId } from "../../src/core/base/types.ts";
import { decodeCbor, encodeCbor } from "../../src/core/cbor/item.ts";
import { hash, sha256 } from "../../src/core/crypto/hash.ts";
import { encodeMessage } from "../../src/core/sync/frames.ts";
import { headsHashOf, type Tip } from "../../src/core/sync/heads.ts";
import { splitMessage } from "../../src/core/sync/pieces.ts";
import { createReceiver, type Receiver } from "../../src/core/sync/receive.ts";
import { claimedTips, createSession, stepSession } from "../../src/core/sync/session.ts";
import type {
  LoadedSegment,
  LocalSummary,
  SessionInput,
  SessionOptions,
  SessionOutput,
  SessionState,
  SessionView,
  SyncStatus,
} from "../../src/core/sync/sessionState.ts";
import type { Random } from "../support/random.ts";
import { createPaces, type Paces } from "./sessionPaces.ts";

export interface LinkRules {
  /** Chances, 0 to 1. */
  readonly loss: number;
  readonly duplicate: number;
  /** Milliseconds that a frame takes at least. */
  readonly delayMs: number;
  /** So many more at most, by dice, so that later ones may come first. 0: in order. */
  readonly jitterMs: number;
  readonly frameBytes: number;
}

export const soundLink: LinkRules = {
  ...{ loss: 0, duplicate: 0, delayMs: 1, jitterMs: 0, frameBytes: 262_144 },
};

export interface Segment {
  readonly writer: WriterId;
  /** n of the last op. */
  readonly n: number;
  readonly previous: HeaderHash | null;
  readonly hash: HeaderHash;
  readonly bytes: Uint8Array;
}

export interface Store {
  readonly held: Map<HeaderHash, Segment>;
  /** By the header that they wait for. */
  readonly waiting: Map<HeaderHash, Segment[]>;
}

export interface Replica {
  readonly name: number;
  readonly stores: Map<ScopeId, Store>;
  readonly own: Map<ScopeId, Set<WriterId>>;
  writers: number;
  readonly links: Set<Link>;
  /** Whom it slows, by name. */
  readonly paces: Paces;
  /** Says another digest than the others though it holds the same. */
  isOdd: boolean;
}

export interface Link {
  readonly from: Replica;
  readonly to: Replica;
  readonly back: () => Link;
  readonly receiver: Receiver;
  state: SessionState;
  isUp: boolean;
  messages: number;
  bytes: number;
  readonly statuses: Map<ScopeId, SyncStatus>;
  readonly forks: number[];
}

export interface World {
  readonly replicas: readonly Replica[];
  now: number;
  rules: LinkRules;
  /** Claims of being in sync that were not true when they were made or kept. */
  readonly lies: string[];
  readonly sent: { messages: number; bytes: number; readonly kinds: Map<string, number> };
  readonly connect: (a: Replica, b: Replica, options?: Partial<SessionOptions>) => void;
  readonly disconnect: (a: Replica, b: Replica) => void;
  readonly write: (replica: Replica, scope: ScopeId, bytes: number, branchOf?: HeaderHash) => void;
  readonly attach: (replica: Replica, scope: ScopeId) => void;
  readonly detach: (replica: Replica, scope: ScopeId) => void;
  readonly feed: (link: Link, input: SessionInput) => void;
  /** Lets time pass, ticking every session every 250 ms. */
  readonly run: (ms: number) => void;
}

export const scopeNamed = (name: string): ScopeId => scopeIdOf(hash("scope", name).slice(0, 16));

export const createWorld = (random: Random, count: number, rules: LinkRules): World => {
  const world = new SimulatedWorld(random, count, rules);
  return world;
};

interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

class SimulatedWorld implements World {
  readonly replicas: readonly Replica[];
  now = 0;
  rules: LinkRules;
  readonly lies: string[] = [];
  readonly sent = { messages: 0, bytes: 0, kinds: new Map<string, number>() };
  private readonly random: Random;
  private events: Event[] = [];
  private order = 0;
  private sessions = 0;

  constructor(random: Random, count: number, rules: LinkRules) {
    this.random = random;
    this.rules = rules;
    this.replicas = Array.from({ length: count }, (_, name) => ({
      ...{ name, stores: new Map(), own: new Map(), writers: 0, links: new Set<Link>() },
      ...{ paces: createPaces(), isOdd: false },
    }));
  }

  readonly connect = (a: Replica, b: Replica, options: Partial<SessionOptions> = {}): void => {
    this.sessions++;
    const identity = { key: new Uint8Array(32), transcript: hash("t", this.sessions) };
    const make = (from: Replica, to: Replica, role: "I" | "R", back: () => Link): Link => ({
      ...{ from, to, back, receiver: createReceiver(), isUp: true, messages: 0, bytes: 0 },
      state: createSession({ ...identity, role }, this.now, options),
      statuses: new Map(),
      forks: [],
    });
    const there: Link = make(a, b, "I", () => here);
    const here: Link = make(b, a, "R", () => there);
    for (const link of [there, here]) link.from.links.add(link);
    for (const link of [there, here]) {
      const scopes = [...link.from.stores.keys()].map((scope) => summaryOf(link.from, scope));
      this.feed(link, { kind: "start", scopes });
    }
  };

  readonly disconnect = (a: Replica, b: Replica): void => {
    for (const link of [...a.links, ...b.links]) {
      if ((link.from === a && link.to === b) || (link.from === b && link.to === a)) this.cut(link);
    }
  };

  readonly attach = (replica: Replica, scope: ScopeId): void => {
    const known = replica.stores.get(scope);
    replica.stores.set(scope, known ?? { held: new Map(), waiting: new Map() });
    for (const link of replica.links) {
      this.feed(link, { kind: "attached", summary: summaryOf(replica, scope) });
    }
  };

  readonly detach = (replica: Replica, scope: ScopeId): void => {
    replica.stores.delete(scope);
    for (const link of replica.links) this.feed(link, { kind: "detached", scope });
  };

  readonly write = (
    replica: Replica,
    scope: ScopeId,
    bytes: number,
    branchOf?: HeaderHash,
  ): void => {
    const store = replica.stores.get(scope);
    if (store === undefined) throw new Error("write to what is not attached");
    const before = branchOf === undefined ? null : (store.held.get(branchOf) ?? null);
    const writer = before?.writer ?? currentWriter(replica, scope);
    const tip = before ?? tipsIn(store).find((known) => known.writer === writer) ?? null;
    const filling = new Uint8Array(8 + bytes);
    filling.set(this.random.bytes(8));
    const segment = makeSegment(writer, tip, filling);
    store.held.set(segment.hash, segment);
    this.announce(replica, scope, [segment], null);
  };

  readonly feed = (link: Link, input: SessionInput): void => {
    if (!link.isUp) return;
    const { state, outputs } = stepSession(link.state, input, viewOf(link));
    link.state = state;
    for (const output of outputs) this.act(link, output);
  };

  readonly run = (ms: number): void => {
    const end = this.now + ms;
    for (let tick = this.now + 250; tick <= end; tick += 250) {
      this.at(tick - this.now, () => {
        for (const replica of this.replicas) {
          replica.paces.pass(250);
          for (const link of replica.links) {
            this.feed(link, { kind: "tick", now: this.now });
            for (const scope of link.statuses.keys()) this.checkClaim(link, scope);
          }
        }
      });
    }
    for (;;) {
      const next = this.takeEvent(end);
      if (next === null) break;
      this.now = next.at;
      next.run();
    }
    this.now = end;
  };

  private act(link: Link, output: SessionOutput): void {
    switch (output.kind) {
      case "send":
        this.transmit(link, encodeMessage(output.message), output.message.kind);
        return;
      case "load":
        this.at(this.random.integer(5), () => {
          this.feed(link, { kind: "loaded", request: output.request, ...load(link.from, output) });
        });
        return;
      case "deliver":
        this.at(this.random.integer(20), () => {
          this.ingest(link, output.scope, withinRate(link.from, output));
          this.feed(link, { kind: "delivered", request: output.request, bytes: output.bytes });
        });
        return;
      case "status":
        link.statuses.set(output.scope, output.status);
        this.checkClaim(link, output.scope);
        return;
      case "fork":
        this.endOwn(link.from, output.scope, output.header);
        return;
      case "control":
      case "acknowledge":
      case "ranges":
      case "message":
      case "heartbeat":
        // Of others than the session, who are not here
        return;
      case "close":
        this.cut(link);
        this.cut(link.back());
    }
  }

  private cut(link: Link): void {
    this.feed(link, { kind: "closed" });
    link.isUp = false;
    link.from.links.delete(link);
  }

  private transmit(link: Link, message: Uint8Array, kind: string): void {
    link.messages++;
    link.bytes += message.length;
    this.sent.messages++;
    this.sent.bytes += message.length;
    this.sent.kinds.set(kind, (this.sent.kinds.get(kind) ?? 0) + 1);
    for (const frame of splitMessage(message, link.messages, this.rules.frameBytes)) {
      const copies = this.random.chance(this.rules.duplicate) ? 2 : 1;
      for (let copy = 0; copy < copies; copy++) {
        if (this.random.chance(this.rules.loss)) continue;
        const delayMs = this.rules.delayMs + this.random.integer(this.rules.jitterMs + 1);
        this.at(delayMs, () => {
          this.arrive(link.back(), frame);
        });
      }
    }
  }

  private arrive(link: Link, frame: Uint8Array): void {
    if (!link.isUp) return;
    const received = link.receiver.take(frame.slice());
    if (!received.ok) this.feed(link, { kind: "malformed", fault: received.error });
    else if (received.value !== null) this.feed(link, { kind: "message", ...received.value });
  }

  /** Delivers what continues something held, and whatever waited for it; the rest waits. */
  private ingest(link: Link, scope: ScopeId, received: readonly Uint8Array[]): void {
    const store = link.from.stores.get(scope);
    if (store === undefined) return;
    const ready = received.map(readSegment);
    const delivered: Segment[] = [];
    for (let next = ready.shift(); next !== undefined; next = ready.shift()) {
      if (store.held.has(next.hash)) continue;
      if (next.previous !== null && !store.held.has(next.previous)) {
        store.waiting.set(next.previous, [...(store.waiting.get(next.previous) ?? []), next]);
        continue;
      }
      store.held.set(next.hash, next);
      delivered.push(next);
      link.from.paces.charge(authorOf(next.writer), next.bytes.length);
      this.endOwn(link.from, scope, next.bytes);
      ready.push(...(store.waiting.get(next.hash) ?? []));
      store.waiting.delete(next.hash);
    }
    if (delivered.length > 0) this.announce(link.from, scope, delivered, link);
  }

  /** A header of an own writer that came from elsewhere: that incarnation is over. */
  private endOwn(replica: Replica, scope: ScopeId, header: Uint8Array): void {
    replica.own.get(scope)?.delete(readSegment(header).writer);
  }

  private announce(
    replica: Replica,
    scope: ScopeId,
    segments: readonly Segment[],
    origin: Link | null,
  ): void {
    for (const link of replica.links) {
      for (const segment of segments) {
        const held = link === origin;
        this.feed(link, { kind: "cut", segment: { ...segment, scope, held } });
      }
      if (link === origin) {
        this.feed(link, { kind: "local", summary: summaryOf(replica, scope) });
        continue;
      }
      // Sometimes told later, as an engine tells once for many changes.
      this.at(this.random.pick([0, 0, 10]), () => {
        if (!replica.stores.has(scope)) return;
        this.feed(link, { kind: "local", summary: summaryOf(replica, scope) });
      });
    }
  }

  /**
   * Who claims to be in sync holds, as far as the session was told, nothing that the peer lacks.
   */
  private checkClaim(link: Link, scope: ScopeId): void {
    if (link.statuses.get(scope)?.kind !== "synced") return;
    const held = link.to.stores.get(scope)?.held;
    for (const tip of link.state.scopes.get(scope)?.local.tips ?? []) {
      if (held?.has(tip.hash) !== true) this.lies.push(`${link.from.name} of ${link.to.name}`);
    }
  }

  private at(delayMs: number, run: () => void): void {
    this.events.push({ at: this.now + delayMs, order: this.order++, run });
  }

  private takeEvent(end: number): Event | null {
    let first: Event | null = null;
    for (const event of this.events) {
      const isEarlier =
        first === null ||
        event.at < first.at ||
        (event.at === first.at && event.order < first.order);
      if (isEarlier) first = event;
    }
    if (first === null || first.at > end) return null;
    this.events = this.events.filter((event) => event !== first);
    return first;
  }
}

export const tipsIn = (store: Store): readonly Tip[] => {
  const inner = new Set([...store.held.values()].map(({ previous }) => previous));
  return [...store.held.values()].filter(({ hash: header }) => !inner.has(header));
};

export const summaryOf = (replica: Replica, scope: ScopeId): LocalSummary => {
  const tips = tipsIn(replica.stores.get(scope) ?? { held: new Map(), waiting: new Map() });
  const headsHash = headsHashOf(tips);
  const digest = hash("state", headsHash, replica.isOdd ? replica.name : -1);
  return { scope, headsHash, tips, digest, unread: 0, parked: 0 };
};

const currentWriter = (replica: Replica, scope: ScopeId): WriterId => {
  const own = replica.own.get(scope) ?? new Set<WriterId>();
  replica.own.set(scope, own);
  const last = [...own].at(-1);
  if (last !== undefined) return last;
  // The name stands in it
  const rest = hash("writer", replica.name, replica.writers++).slice(1, 16);
  const writer = writerIdOf(Uint8Array.of(replica.name, ...rest));
  own.add(writer);
  return writer;
};

/** Whose replica began the log. */
const authorOf = (writer: WriterId): number => parseInt(writer.slice(0, 2), 16);

/** What is pushed though its writer's time has not come is let go. */
const withinRate = (
  { paces }: Replica,
  { request, segments }: Extract<SessionOutput, { kind: "deliver" }>,
): readonly Uint8Array[] => {
  const isInTime = (bytes: Uint8Array): boolean =>
    paces.of(authorOf(readSegment(bytes).writer)) !== "paused";
  return request === null ? segments.filter(isInTime) : segments;
};

/** [writer, n, previous, filling]: its hash stands for the header's. */
const makeSegment = (writer: WriterId, tip: Tip | null, filling: Uint8Array): Segment => {
  const previous = tip?.hash ?? null;
  const n = (tip?.n ?? 0) + 1;
  return readSegment(encodeCbor([writer, n, previous, filling]));
};

const readSegment = (bytes: Uint8Array): Segment => {
  const item = decodeCbor(bytes, { bytesMax: 2 ** 24, depthMax: 2, itemsMax: 8 });
  if (!item.ok || !Array.isArray(item.value)) throw new Error("not a segment of this world");
  const [writer, n, previous] = item.value.map(String);
  return {
    // Texts of ids that this file wrote itself.
    writer: writer as WriterId,
    n: Number(n),
    // As above.
    previous: previous === "null" ? null : (previous as HeaderHash),
    hash: headerHashOf(sha256(bytes)),
    bytes,
  };
};

const load = (
  replica: Replica,
  wanted: Extract<SessionOutput, { kind: "load" }>,
): { readonly segments: readonly LoadedSegment[]; readonly end: boolean } => {
  const held = replica.stores.get(wanted.scope)?.held;
  const chain: Segment[] = [];
  let at: HeaderHash | null = wanted.tip;
  while (at !== null && !wanted.have.includes(at)) {
    const segment: Segment | undefined = held?.get(at);
    if (segment === undefined) return { segments: [], end: true };
    chain.unshift(segment);
    at = segment.previous;
  }
  let left = wanted.bytesMax;
  const fitting = chain.findIndex(({ bytes }) => (left -= bytes.length) < 0);
  const segments = fitting === -1 ? chain : chain.slice(0, fitting);
  return { segments, end: fitting === -1 };
};

const viewOf = (link: Link): SessionView => {
  const { from } = link;
  const heldIn = (scope: ScopeId): ReadonlyMap<HeaderHash, Segment> =>
    from.stores.get(scope)?.held ?? new Map<HeaderHash, Segment>();
  const tipsOf = (scope: ScopeId, writer: WriterId): readonly Tip[] => {
    const store = from.stores.get(scope);
    return store === undefined ? [] : tipsIn(store).filter((tip) => tip.writer === writer);
  };
  return {
    hasHeader: (scope, header) => heldIn(scope).has(header),
    isClaimed: (scope, tip) =>
      [...from.links].some(
        (other) =>
          other !== link &&
          claimedTips(other.state).some((claim) => claim.scope === scope && claim.tip === tip),
      ),
    paceOf: (_, writer) => from.paces.of(authorOf(writer)),
    ownWriters: (scope) => from.own.get(scope) ?? new Set(),
    locator: (scope, writer) => {
      const found: HeaderHash[] = [];
      for (const tip of tipsOf(scope, writer)) found.push(...spaced(heldIn(scope), tip.hash));
      return found;
    },
    headProof: (scope, writer) => {
      const tip = tipsOf(scope, writer)[0];
      const segment = tip === undefined ? undefined : heldIn(scope).get(tip.hash);
      return segment === undefined ? null : { header: segment.bytes, signature: null };
    },
  };
};

/** The tip, then headers 1, 2, 4, … below. */
const spaced = (held: ReadonlyMap<HeaderHash, Segment>, tip: HeaderHash): HeaderHash[] => {
  const found = [tip];
  let at = held.get(tip);
  for (let gap = 1; at !== undefined; gap *= 2) {
    for (let step = 0; step < gap; step++) {
      const previous: HeaderHash | null = at?.previous ?? null;
      at = previous === null ? undefined : held.get(previous);
    }
    if (at !== undefined) found.push(at.hash);
  }
  return found;
};

/** What a replica holds, as one text: equal texts, equal replicas. */
export const contentOf = (replica: Replica): string =>
  [...replica.stores.keys()]
    .sort()
    .map((scope) => bytesToHex(hash("content", scope, summaryOf(replica, scope).headsHash)))
    .join();
