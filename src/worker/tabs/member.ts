/**
 * A tab's share in a database that all tabs of the origin have open. One of them leads: it holds
 * the lock and runs the engine; the others follow and ask it. Which one, the page never knows: its
 * calls wait while nobody leads, and are asked again of whoever leads next (DESIGN.md §2).
 */
import { databaseLockMillisecondsMax } from "../../core/base/limits.ts";
import type { ErrorValue } from "../../core/base/errors.ts";
import { errorValueOf } from "../../engine/failure.ts";
import { answer } from "../answer.ts";
import type {
  Answer,
  DatabaseService,
  EngineService,
  OpenInfo,
  OpenRequest,
  ServiceEvent,
} from "../api.ts";
import { createAsked, type Asked } from "./asked.ts";
import { createTabService, perform } from "./calls.ts";
import { follow, type Follower } from "./follower.ts";
import { openHost, type Emit } from "./host.ts";
import { lead, type Leadership } from "./leader.ts";
import { leaderLock, tabLock, type Release, type TabPlatform, type Wish } from "./platform.ts";

export interface Member extends DatabaseService {
  /** Deletes all data of that name, open or not, and ends every tab's share in it. */
  destroy(name: string): Promise<Answer<null>>;
  /** The page may be frozen: lets go of everything. What is asked waits until `resume`. */
  pause(): Promise<void>;
  resume(): void;
}

export interface MemberDeps {
  readonly platform: TabPlatform;
  /** For each time that this tab leads. */
  readonly createService: () => EngineService;
  /**
   * Loads what closed networks ask of whoever leads, while this tab follows: the page's server may
   * be away when its turn comes. Rejects with `NotLoaded`; tried again whenever networks are told.
   */
  readonly loadClosedParts: () => Promise<void>;
  /** Nobody has it open. */
  readonly destroyData: (name: string) => Promise<void>;
}

export const createMember = (deps: MemberDeps): Member => {
  let share: Share | null = null;
  let opening: Promise<Answer<OpenInfo>> | null = null;

  const close = async (): Promise<Answer<null>> => {
    const closing = share;
    share = null;
    opening = null;
    return closing === null ? done : end(closing, closed);
  };

  return {
    ...createTabService((question) =>
      share === null ? Promise.resolve(refused(closed)) : share.asked.ask(question),
    ),
    open(request, emit) {
      opening ??= new Promise((resolve) => {
        share = beginShare(deps, request, emit, resolve);
        start(share);
      });
      return opening;
    },
    carry(port) {
      if (share?.phase.kind === "leading") return share.phase.service.carry(port);
      // The leader's page has the network; this one is told when it is to
      port?.close();
      return Promise.resolve(done);
    },
    close,
    async destroy(name) {
      const own = share;
      if (own !== null && own.opened === null && own.phase.kind !== "ended") {
        const given = await own.asked.ask<null>({ name: "destroy" });
        await close();
        return given;
      }
      await close();
      return destroyUnheld(deps, name);
    },
    async pause() {
      if (share !== null) await pause(share);
    },
    resume() {
      if (share?.phase.kind === "leaving") share.phase.isPaused = false;
      if (share?.phase.kind === "paused") start(share);
    },
  };
};

/** From opening to closing. */
interface Share extends MemberDeps {
  readonly request: OpenRequest;
  readonly emit: Emit;
  /** This tab's id. */
  readonly tab: string;
  readonly asked: Asked;
  phase: Phase;
  /** Answers `open`; null: it is answered. */
  opened: ((answer: Answer<OpenInfo>) => void) | null;
  /** Of the lock that says that this tab lives. */
  releaseTab: Release | null;
  isOutdated: boolean;
}

type Phase =
  | Seeking
  | Leading
  /** It led, and is closing its database. */
  | { readonly kind: "leaving"; isPaused: boolean; readonly left: Promise<void> }
  | { readonly kind: "paused" }
  | { readonly kind: "ended" };

interface Seeking {
  readonly kind: "seeking";
  /** Ends the waiting for the lock. */
  readonly queue: AbortController;
  follower: Follower | null;
}

interface Leading {
  readonly kind: "leading";
  readonly lock: HeldLock;
  readonly service: EngineService;
  readonly leadership: Leadership;
}

interface HeldLock {
  readonly release: Release;
  /** Somebody stole it. */
  isLost: boolean;
  /** Called when that happens. */
  onLost: () => void;
}

const beginShare = (
  deps: MemberDeps,
  request: OpenRequest,
  emit: Emit,
  opened: (answer: Answer<OpenInfo>) => void,
): Share => {
  const asked = createAsked({
    gone: () => {
      if (share.phase.kind === "leading") void stepDown(share, share.phase);
    },
    failed: (subscription, { message }) => {
      emit({ kind: "live", subscription, change: { kind: "failed", message } });
    },
  });
  const share: Share = {
    ...{ ...deps, request, emit, asked, opened },
    tab: deps.platform.makeId(),
    phase: { kind: "paused" },
    ...{ releaseTab: null, isOutdated: false },
  };
  return share;
};

// -------------------------------------------------------------------- looking for a leader

const start = (share: Share): void => {
  seek(share).catch((error: unknown) => fail(share, errorValueOf(error)));
};

const seek = async (share: Share): Promise<void> => {
  const phase: Seeking = { kind: "seeking", queue: new AbortController(), follower: null };
  share.phase = phase;
  const free = await takeLock(share, { kind: "if-free" });
  if (free !== null) {
    await leadUnlessOver(share, phase, free);
    return;
  }
  await holdTabLock(share);
  if (share.phase !== phase) return;
  phase.follower = followIn(share, phase);
  const turn = await takeLock(share, { kind: "wait", signal: phase.queue.signal });
  if (turn !== null) await leadUnlessOver(share, phase, turn);
};

const takeLock = async ({ platform, request }: Share, wish: Wish): Promise<HeldLock | null> => {
  const held = { isLost: false, onLost: (): void => undefined };
  const release = await platform.locks.take(leaderLock(request.name), wish, () => {
    held.isLost = true;
    held.onLost();
  });
  return release === null ? null : Object.assign(held, { release });
};

const holdTabLock = async (share: Share): Promise<void> => {
  const { platform, request, tab } = share;
  share.releaseTab ??= await platform.locks.take(tabLock(request.name, tab), { kind: "if-free" });
};

const followIn = (share: Share, phase: Seeking): Follower => {
  const { platform, request, tab, asked } = share;
  const follower = follow({
    ...{ platform, request, tab },
    welcomed: (info) => {
      share.emit({ kind: "leading", isLeading: false });
      attach(share, info, (number, question) => {
        follower.ask(number, question);
      });
    },
    answered: asked.answered,
    told: (event) => {
      prepareFor(share, event);
      share.emit(event);
    },
    left: asked.detach,
    deleted: () => {
      void fail(share, deletedElsewhere);
    },
    silent: () => {
      steal(share, phase).catch((error: unknown) => fail(share, errorValueOf(error)));
    },
    outdated: (isForeign) => {
      noteOutdated(share);
      if (isForeign) void fail(share, outdatedError);
    },
  });
  return follower;
};

const prepareFor = ({ loadClosedParts }: Share, event: ServiceEvent): void => {
  if (event.kind !== "networks" || event.networks.every(({ kind }) => kind === "open")) return;
  // It is told again
  loadClosedParts().catch(() => undefined);
};

/** Whoever holds the lock is frozen: what it still writes is fenced off by the next opening. */
const steal = async (share: Share, phase: Seeking): Promise<void> => {
  if (share.phase !== phase || phase.queue.signal.aborted) return;
  phase.queue.abort();
  share.asked.detach();
  const lock = await takeLock(share, { kind: "steal" });
  if (lock !== null) await leadUnlessOver(share, phase, lock);
};

const leadUnlessOver = async (share: Share, phase: Seeking, lock: HeldLock): Promise<void> => {
  phase.follower?.end();
  share.asked.detach();
  if (share.phase !== phase) await lock.release();
  else if (lock.isLost) await seek(share);
  else await leadNow(share, lock);
};

/** Someone answers: what waits is asked. */
const attach = (share: Share, info: OpenInfo, target: Parameters<Asked["attach"]>[0]): void => {
  const { opened } = share;
  share.opened = null;
  opened?.({ ok: true, value: info });
  share.asked.attach(target);
};

const noteOutdated = (share: Share): void => {
  if (share.isOutdated) return;
  share.isOutdated = true;
  share.emit({ kind: "outdated" });
};

// --------------------------------------------------------------------------------- leading

const leadNow = async (share: Share, lock: HeldLock): Promise<void> => {
  const { platform, request } = share;
  const service = share.createService();
  const hosting = openHost(service, request, (error) => {
    if (share.phase !== phase) return;
    void (error.code === "Replaced" ? stepDown(share, phase) : fail(share, error));
  });
  const leadership = lead({
    ...{ platform, hosting, database: request.name, term: platform.makeId() },
    outdated: () => {
      noteOutdated(share);
      if (share.phase === phase) void stepDown(share, phase);
    },
    makeWay: () => makeWay(share, phase),
  });
  const phase: Leading = { kind: "leading", lock, service, leadership };
  share.phase = phase;
  lock.onLost = () => {
    void stepDown(share, phase);
  };
  const host = await hosting;
  if (share.phase !== phase) return;
  if (!host.ok) {
    await (host.error.code === "Replaced" ? stepDown(share, phase) : fail(share, host.error));
    return;
  }
  const client = host.value.join(request, share.emit);
  share.emit({ kind: "leading", isLeading: true });
  attach(share, host.value.info, (number, question) => {
    const performing =
      question.name === "destroy" ? destroyLed(share, phase) : perform(client.service, question);
    void performing.then((given) => {
      share.asked.answered(number, given);
    });
  });
};

/** Another is to lead, unless this tab's turn comes again first. */
const stepDown = async (share: Share, phase: Leading, isPaused = false): Promise<void> => {
  if (share.phase !== phase) return;
  share.asked.detach();
  phase.leadership.leave();
  share.emit({ kind: "leading", isLeading: false });
  const left = letGo(phase, "release").then(() => undefined);
  const leaving = { kind: "leaving" as const, isPaused, left };
  share.phase = leaving;
  await left;
  if (share.phase !== leaving) return;
  if (leaving.isPaused) share.phase = { kind: "paused" };
  else start(share);
};

/** Nothing that was acknowledged is lost by `release`: an opening reads it from the journal. */
const letGo = async (
  { service, lock }: Leading,
  how: "close" | "release",
): Promise<Answer<null>> => {
  try {
    const given = await service[how]();
    // Another leads, and has read all that was acknowledged
    return !given.ok && given.error.code === "Replaced" ? done : given;
  } finally {
    await lock.release();
  }
};

const pause = async (share: Share): Promise<void> => {
  const { phase } = share;
  if (phase.kind === "leading") {
    await stepDown(share, phase, true);
  } else if (phase.kind === "leaving") {
    phase.isPaused = true;
    await phase.left;
  } else if (phase.kind === "seeking") {
    share.phase = { kind: "paused" };
    share.asked.detach();
    phase.queue.abort();
    phase.follower?.end();
  }
};

// ---------------------------------------------------------------------------------- ending

/** The page is told, and this tab has no share any more; others may lead. */
const fail = async (share: Share, error: ErrorValue): Promise<void> => {
  const { opened } = share;
  share.opened = null;
  if (opened === null) share.emit({ kind: "failed", error });
  await end(share, error);
  opened?.(refused(error));
};

/** `error`: what everything that waits is answered with. */
const end = async (share: Share, error: ErrorValue): Promise<Answer<null>> => {
  const { phase } = share;
  share.phase = { kind: "ended" };
  share.asked.end(error);
  share.opened?.(refused(error));
  try {
    if (phase.kind === "leaving") await phase.left;
    if (phase.kind === "seeking") {
      phase.queue.abort();
      phase.follower?.end();
    }
    if (phase.kind !== "leading") return done;
    // Nobody waits where others are there; otherwise the next opening has less to do
    const how = phase.leadership.tabCount() > 0 ? "release" : "close";
    phase.leadership.leave();
    return await letGo(phase, how);
  } finally {
    await share.releaseTab?.();
  }
};

/** Every other tab is told first, so that none leads an empty database. */
const destroyLed = async (share: Share, phase: Leading): Promise<Answer<null>> => {
  share.phase = { kind: "ended" };
  await phase.leadership.tellDeleted();
  // Whatever closing says: it is to be deleted
  await phase.service.close();
  return destroyAndRelease(share, share.request.name, phase.lock.release);
};

/** For another tab, which waits for the lock, leads, and then deletes. */
const makeWay = async (share: Share, phase: Leading): Promise<void> => {
  share.phase = { kind: "ended" };
  await phase.leadership.tellDeleted();
  try {
    await phase.service.close();
  } finally {
    await phase.lock.release();
  }
  await fail(share, deletedElsewhere);
};

/** By a tab that has not opened it, or could not. */
const destroyUnheld = async (deps: MemberDeps, name: string): Promise<Answer<null>> => {
  const signal = AbortSignal.timeout(databaseLockMillisecondsMax);
  const release = await deps.platform.locks.take(leaderLock(name), { kind: "wait", signal });
  if (release === null) return refused(alreadyOpen(name));
  return destroyAndRelease(deps, name, release);
};

const destroyAndRelease = async (
  { destroyData }: MemberDeps,
  name: string,
  release: Release,
): Promise<Answer<null>> => {
  const given = await answer(async () => {
    await destroyData(name);
    return null;
  });
  await release();
  return given;
};

const done = { ok: true, value: null } as const;

const refused = (error: ErrorValue): { readonly ok: false; readonly error: ErrorValue } => ({
  ok: false,
  error,
});

const closed: ErrorValue = {
  code: "Closed",
  message: "The database is closed: open it again.",
  retryable: false,
};

const alreadyOpen = (name: string): ErrorValue => ({
  code: "AlreadyOpen",
  message: `The database "${name}" is open in another tab. Close it there, or use that tab.`,
  retryable: true,
  path: name,
});

const deletedElsewhere: ErrorValue = {
  code: "Replaced",
  message: "The database was deleted in another tab. Reload the page to begin a new one.",
  retryable: false,
};

const outdatedError: ErrorValue = {
  code: "Replaced",
  message: "Another tab runs a newer version of this program. Reload the page.",
  retryable: true,
};
