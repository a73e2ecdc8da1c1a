/**
 * One session with a peer that a test plays by hand: what it says comes in, what the session wants
 * comes out.
 */
import { headerHashOf, scopeIdOf, writerIdOf } from "../../../../src/core/base/ids.ts";
import type { HeaderHash, ScopeId, WriterId } from "../../../../src/core/base/types.ts";
import { hash } from "../../../../src/core/crypto/hash.ts";
import type { Message, Summary } from "../../../../src/core/sync/frames.ts";
import { headsHashOf, type Tip } from "../../../../src/core/sync/heads.ts";
import { createSession, stepSession } from "../../../../src/core/sync/session.ts";
import type {
  CutSegment,
  LocalSummary,
  Pace,
  ScopeState,
  SessionInput,
  SessionOptions,
  SessionOutput,
  SessionState,
} from "../../../../src/core/sync/sessionState.ts";

export const scope: ScopeId = scopeIdOf(hash("scope").slice(0, 16));
export const otherScope: ScopeId = scopeIdOf(hash("other scope").slice(0, 16));
export const writerNamed = (name: string): WriterId => writerIdOf(hash("w", name).slice(0, 16));
export const own = writerNamed("own");
export const headerNamed = (name: string): HeaderHash => headerHashOf(hash("h", name));

/** Header names are the writer's, a dash, and n: `own-3`. */
export const tipNamed = (name: string): Tip => {
  const [writer = "", n = "0"] = name.split("-");
  return { writer: writerNamed(writer), n: Number(n), hash: headerNamed(name) };
};

export const localOf = (
  names: readonly string[],
  digest: Uint8Array | null = null,
): LocalSummary => {
  const tips = names.map(tipNamed);
  return { scope, headsHash: headsHashOf(tips), tips, digest, unread: 0, parked: 0 };
};

export const cutOf = (name: string, previous: string | null, bytes = 10): CutSegment => ({
  ...tipNamed(name),
  ...{ scope, bytes: new Uint8Array(bytes), held: false },
  previous: previous === null ? null : headerNamed(previous),
});

export const key = new Uint8Array(32).fill(5);
export const transcript = new Uint8Array(32).fill(6);

export type Sent<Kind extends Message["kind"]> = Extract<Message, { kind: Kind }>;

export interface Driver {
  /** Headers held here; change it before the input that tells. */
  readonly held: Set<HeaderHash>;
  readonly claimed: Set<HeaderHash>;
  readonly ownWriters: Set<WriterId>;
  /** Of those whose device is beyond its quota. */
  readonly paces: Map<WriterId, Pace>;
  readonly state: () => SessionState;
  /** Gives what came out of this input. */
  readonly feed: (input: SessionInput) => readonly SessionOutput[];
  readonly say: (message: Message) => readonly SessionOutput[];
  /** The peer's summary of `scope`: it holds these tips. Rising revisions unless told otherwise. */
  readonly sayHeads: (
    names: readonly string[],
    change?: Partial<Summary>,
  ) => readonly SessionOutput[];
  readonly sayTips: (names: readonly string[], revision?: number) => readonly SessionOutput[];
  /** Time passes in ticks of a second. */
  readonly pass: (seconds: number) => readonly SessionOutput[];
}

export const createDriver = (
  holds: readonly string[],
  options: Partial<SessionOptions> & { readonly digest?: Uint8Array } = {},
): Driver => {
  const held = new Set(holds.map(headerNamed));
  const claimed = new Set<HeaderHash>();
  const ownWriters = new Set([own]);
  const paces = new Map<WriterId, Pace>();
  const identity = { role: "I", key, transcript } as const;
  let state = createSession(identity, 0, options);
  let now = 0;
  let revision = 0;
  const feed = (input: SessionInput): readonly SessionOutput[] => {
    // A segment is told of when it stands in the tree.
    if (input.kind === "cut") held.add(input.segment.hash);
    const stepped = stepSession(state, input, {
      hasHeader: (_, header) => held.has(header),
      isClaimed: (_, tip) => claimed.has(tip),
      ownWriters: () => ownWriters,
      locator: (_, writer) => {
        const local = state.scopes.get(scope)?.local.tips ?? [];
        return local.filter((tip) => tip.writer === writer).map((tip) => tip.hash);
      },
      paceOf: (_, writer) => paces.get(writer) ?? "usual",
      headProof: () => ({ header: new Uint8Array(40), signature: null }),
    });
    state = stepped.state;
    return stepped.outputs;
  };
  const say = (message: Message): readonly SessionOutput[] =>
    feed({ kind: "message", message, bytes: 100 });
  feed({ kind: "start", scopes: [localOf(holds, options.digest ?? null)] });
  return {
    ...{ held, claimed, ownWriters, paces, feed, say, state: () => state },
    sayHeads: (names, change = {}) => {
      revision++;
      const mine = state.scopes.get(scope)?.revision ?? 0;
      const summary: Summary = {
        ...{ scope, revision, headsHash: headsHashOf(names.map(tipNamed)), proof: null },
        ...{ unread: 0, parked: 0, seen: mine, seenTips: 0, reply: false },
        ...change,
      };
      return say({ kind: "sync-request", pushTotal: 0, summaries: [summary] });
    },
    sayTips: (names, at = ++revision) =>
      say({ kind: "sync-response", scope, revision: at, tips: names.map(tipNamed) }),
    pass: (seconds) => {
      const outputs: SessionOutput[] = [];
      for (let second = 0; second < seconds; second++) {
        now += 1_000;
        outputs.push(...feed({ kind: "tick", now }));
      }
      return outputs;
    },
  };
};

export const sentOf = <Kind extends Message["kind"]>(
  outputs: readonly SessionOutput[],
  kind: Kind,
): readonly Sent<Kind>[] =>
  outputs.flatMap((output) =>
    output.kind === "send" && isKind(output.message, kind) ? [output.message] : [],
  );

const isKind = <Kind extends Message["kind"]>(
  message: Message,
  kind: Kind,
): message is Sent<Kind> => message.kind === kind;

export const outputsOf = <Kind extends SessionOutput["kind"]>(
  outputs: readonly SessionOutput[],
  kind: Kind,
): readonly Extract<SessionOutput, { kind: Kind }>[] =>
  outputs.filter(
    (output): output is Extract<SessionOutput, { kind: Kind }> => output.kind === kind,
  );

export const statusOf = (driver: Driver): ScopeState["status"] | undefined =>
  driver.state().scopes.get(scope)?.status;

export const countOf = (driver: Driver, reason: keyof SessionState["counters"]): number =>
  driver.state().counters[reason] ?? 0;
