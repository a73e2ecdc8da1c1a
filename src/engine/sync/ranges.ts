/**
 * Range-based repair with peers that hold the same and read another state from it: who opened the
 * channel asks for the documents that differ, both read these anew from their logs. It happens when
 * storage or a version of this program was wrong.
 *
 * A home is repaired with one peer at a time. Questions come again until they are answered, or are
 * given up with the repair; a repair that changed nothing is not tried again with that device until
 * heads or states are others, and then ever later (repairState.ts).
 */
import {
  rangeListGapMilliseconds,
  repairRepeatMilliseconds,
  repairRepeatsMax,
  repairWaitMilliseconds,
} from "../../core/base/limits.ts";
import { bytesToHex } from "../../core/base/bytes.ts";
import type { ScopeId } from "../../core/base/types.ts";
import { unreachable } from "../../core/base/result.ts";
import { createRangeKeys, type RangeItems, type RangeKey } from "../../core/sync/rangeItems.ts";
import {
  answerTo,
  beginInquiry,
  differingIn,
  nextQuestion,
  takeAnswer,
} from "../../core/sync/ranges.ts";
import {
  decodeRangesMessage,
  encodeRangesMessage,
  type RangesMessage,
  type RangesStep,
} from "../../core/sync/rangesMessage.ts";
import type { Home } from "../home.ts";
import { mendHome, soundSegments } from "./mend.ts";
import type { Peer } from "./peer.ts";
import { listDocuments, situationOf } from "./rangeList.ts";
import {
  createHomeRepair,
  noteAsking,
  patient,
  triedInVain,
  waitOf,
  type HomeRepair,
  type List,
  type Patience,
} from "./repairState.ts";
import { peersOf, reportFailure, type SyncState } from "./state.ts";
import { summaryOf } from "./summary.ts";

/** Asks a peer whose state differs, if this device is to ask and it is time; or later. */
export const considerRepair = (state: SyncState, home: Home): void => {
  const repair = repairOf(state, home);
  repair.cancelRetry();
  const situation = situationOf(home);
  if (repair.isBusy || situation === null) return;
  const now = state.engine.deps.timers.now();
  const gap = Math.max(
    0,
    Math.min(repair.listedAt + rangeListGapMilliseconds - now, rangeListGapMilliseconds),
  );
  const waits = peersOf(state, home).flatMap((peer) => {
    if (!isAsker(peer) || !isDiffering(state, home, peer)) return [];
    const patience = repair.asking.get(peer.device) ?? patient;
    const wait = waitOf(patience, withProof(situation, peer, home), now);
    return wait === null ? [] : [{ peer, wait: Math.max(wait, gap) }];
  });
  const due = waits.find(({ wait }) => wait === 0);
  if (due !== undefined) run(state, home, () => inquire({ state, home, repair, peer: due.peer }));
  else if (waits.length > 0) retryAfter(state, home, Math.min(...waits.map(({ wait }) => wait)));
};

/** Never throws: what goes wrong is reported. */
export const takeRanges = (
  state: SyncState,
  peer: Peer,
  homeOf: (scope: ScopeId) => Home | null,
  body: Uint8Array,
): void => {
  const message = decodeRangesMessage(body);
  if (!message.ok) {
    peer.step({ kind: "malformed", fault: "frame-malformed" });
    return;
  }
  const { scope, headsHash, round, step } = message.value;
  const home = homeOf(scope);
  if (home === null) return;
  const repair = repairOf(state, home);
  if (step.kind === "answer" || step.kind === "give") {
    const { question } = repair;
    if (question?.peer === peer && question.round === round) question.take(step);
    return;
  }
  const isOfNow = isDiffering(state, home, peer) && summaryOf(home).headsHash === headsHash;
  if (!isOfNow) return;
  answer({ state, home, repair, peer }, step, (said) => {
    say(peer, { scope, headsHash, round, step: said });
  }).catch((error: unknown) => {
    reportFailure(state, error);
  });
};

const say = (peer: Peer, message: RangesMessage): void => {
  peer.say({ kind: "ranges", body: encodeRangesMessage(message) });
};

/** A home and the peer with which it is compared. */
interface Pair {
  readonly state: SyncState;
  readonly home: Home;
  readonly repair: HomeRepair;
  readonly peer: Peer;
}

const repairOf = ({ repairs }: SyncState, home: Home): HomeRepair => {
  const repair = repairs.get(home) ?? createHomeRepair();
  repairs.set(home, repair);
  return repair;
};

const isAsker = (peer: Peer): boolean => peer.session().identity.role === "I";

const isDiffering = (state: SyncState, home: Home, peer: Peer): boolean =>
  peer.status(home.scope)?.kind === "mismatch" && peersOf(state, home).includes(peer);

/** What the peer says of its state is part of it: it may be another by now. */
const withProof = (situation: string, peer: Peer, { scope }: Home): string => {
  const proof = peer.session().scopes.get(scope)?.peer?.proof ?? null;
  return `${situation} ${proof === null ? "" : bytesToHex(proof)}`;
};

/** One at a time; what waited for it is looked at behind it. */
const run = (state: SyncState, home: Home, work: () => Promise<void>): void => {
  const repair = repairOf(state, home);
  repair.isBusy = true;
  work()
    .catch((error: unknown) => {
      reportFailure(state, error);
    })
    .finally(() => {
      repair.isBusy = false;
      considerRepair(state, home);
    })
    .catch((error: unknown) => {
      reportFailure(state, error);
    });
};

const retryAfter = (state: SyncState, home: Home, milliseconds: number): void => {
  repairOf(state, home).cancelRetry = state.engine.deps.timers.after(
    milliseconds,
    () => {
      considerRepair(state, home);
    },
    true,
  );
};

const inquire = async (pair: Pair): Promise<void> => {
  const { state, home, repair, peer } = pair;
  const { now } = state.engine.deps.timers;
  const before = repair.asking.get(peer.device) ?? patient;
  const note = (patience: Patience): void => {
    noteAsking(repair, peer.device, patience);
  };
  // Until it ends well, it has failed
  note(triedInVain(before, null, now()));
  const situation = situationOf(home);
  const compared = situation === null ? null : withProof(situation, peer, home);
  const items = await list(pair);
  if (typeof items === "string") note(items === "righted" ? patient : before);
  if (typeof items === "string" || situation === null || situationOf(home) !== situation) return;
  const found = await findDiffering(pair, items);
  // The question was of other heads: no fault of the peer's
  if (found === null && situationOf(home) !== situation) note(before);
  if (found === null) return;
  const { differing, isNoted } = found;
  const mended =
    differing?.size === 0 ? "in vain" : await mend(pair, { situation, items }, differing);
  if (mended === "mended") note(patient);
  else if (mended === "in vain" && isNoted) note(triedInVain(before, compared, now()));
};

interface Found {
  /** Null: too many to name. */
  readonly differing: ReadonlySet<RangeKey> | null;
  /** The peer looks at them too. */
  readonly isNoted: boolean;
}

/** null: the peer does not answer, or the states are others by now. */
const findDiffering = async (pair: Pair, items: RangeItems): Promise<Found | null> => {
  let inquiry = beginInquiry(items);
  for (let next = nextQuestion(inquiry); next !== null; next = nextQuestion(inquiry)) {
    const said = await ask(pair, { kind: "ask", runs: next.runs });
    if (said?.kind !== "answer") return null;
    inquiry = takeAnswer(next, said.runs);
  }
  const differing = differingIn(inquiry);
  if (differing?.size === 0) return { differing, isNoted: true };
  const keys = differing === null ? null : [...differing].sort();
  const noted = await ask(pair, { kind: "found", keys });
  return { differing, isNoted: noted !== null };
};

/** Again until it is answered; null: it is not, or there is no need any more. */
const ask = (pair: Pair, step: RangesStep): Promise<RangesStep | null> => {
  const { state, home, repair, peer } = pair;
  repair.round += 1;
  const { round } = repair;
  const { headsHash } = summaryOf(home);
  return new Promise((resolve) => {
    let cancel = (): void => undefined;
    const take = (answered: RangesStep | null): void => {
      cancel();
      repair.question = null;
      resolve(answered);
    };
    const sayOn = (left: number): void => {
      const isOfNow = isDiffering(state, home, peer) && summaryOf(home).headsHash === headsHash;
      if (left === 0 || !isOfNow) {
        take(null);
        return;
      }
      say(peer, { scope: home.scope, headsHash, round, step });
      const again = (): void => {
        sayOn(left - 1);
      };
      cancel = state.engine.deps.timers.after(repairRepeatMilliseconds, again, true);
    };
    repair.question = { peer, round, take };
    sayOn(repairRepeatsMax);
  });
};

type Mended = "mended" | "in vain" | "not now";

/** "mended": some documents were not what the log says. */
const mend = async (
  pair: Pair,
  { situation, items }: Pick<List, "situation" | "items">,
  differing: ReadonlySet<RangeKey> | null,
): Promise<Mended> => {
  const { state, home, repair, peer } = pair;
  const { engine } = state;
  const { now } = engine.deps.timers;
  const before = repair.rebuilding;
  const wait = waitOf(before, situation, now());
  if (wait !== 0) return wait === null ? "in vain" : "not now";
  repair.rebuilding = triedInVain(before, situation, now());
  const { keyOf } = createRangeKeys(peer.session().identity);
  const isMended = await mendHome(engine, home, {
    ...{ situation, items, differing, keyOf },
    ask: (step) => ask(pair, step),
  });
  if (isMended) repair.rebuilding = patient;
  return isMended ? "mended" : "in vain";
};

/** What cannot be answered now is asked again. */
const answer = async (
  pair: Pair,
  step: Exclude<RangesStep, { readonly kind: "answer" | "give" }>,
  say: (step: RangesStep) => void,
): Promise<void> => {
  const { state, home, repair } = pair;
  switch (step.kind) {
    case "ask": {
      const kept = await keptList(pair);
      const runs = kept === null ? null : answerTo(kept.items, step.runs);
      if (runs !== null) say({ kind: "answer", runs });
      return;
    }
    case "found": {
      const kept = await keptList(pair);
      if (kept === null || repair.isBusy) return;
      const wait = waitOf(repair.rebuilding, kept.situation, state.engine.deps.timers.now());
      if (wait !== null && wait > 0) return;
      say({ kind: "answer", runs: [] });
      const differing = step.keys === null ? null : new Set(step.keys);
      run(state, home, async () => {
        await mend(pair, kept, differing);
      });
      return;
    }
    case "want":
      say({ kind: "give", segments: await soundSegments(state.engine, home, step.headers) });
      return;
    default:
      unreachable(step);
  }
};

/** As documents are now: listed for this peer before, or now if it is time. */
const keptList = async (pair: Pair): Promise<List | null> => {
  const { state, home, repair, peer } = pair;
  const situation = situationOf(home);
  const { list: kept } = repair;
  if (kept?.peer === peer && kept.situation === situation) return kept;
  const { timers } = state.engine.deps;
  const sinceMs = timers.now() - repair.listedAt;
  const isTooSoon = sinceMs >= 0 && sinceMs < rangeListGapMilliseconds;
  if (situation === null || repair.isListing || isTooSoon) return null;
  const items = await list(pair);
  if (typeof items === "string") return null;
  repair.forgetList();
  repair.list = { peer, situation, items };
  repair.forgetList = timers.after(
    repairWaitMilliseconds,
    () => {
      repair.list = null;
    },
    true,
  );
  return repair.list;
};

const list = async ({
  state,
  home,
  repair,
  peer,
}: Pair): Promise<RangeItems | "changed" | "righted"> => {
  repair.listedAt = state.engine.deps.timers.now();
  repair.isListing = true;
  try {
    return await listDocuments(state.engine, home, createRangeKeys(peer.session().identity));
  } finally {
    repair.isListing = false;
  }
};
