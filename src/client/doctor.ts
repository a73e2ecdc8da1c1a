/**
 * Finds out what works of the connection: what the page can tell by itself, and what the network
 * told last, wherever it runs.
 */
import { trialKeptMilliseconds } from "../core/base/limits.ts";
import { allowsWebrtc, type ConnectionSettings } from "../core/wire/connection.ts";
import type { Carrying } from "./carrying.ts";
import type { PagePlatform } from "./connection.ts";
import { diagnose, type DiagnosisStep, type Findings, type WebrtcFinding } from "./diagnosis.ts";
import { aheadOfServer } from "./serverClock.ts";
import type { Session } from "./session.ts";

export interface DoctorDeps {
  readonly session: Session;
  readonly carrying: Pick<Carrying, "state">;
  /** null outside of pages. */
  readonly page: Pick<PagePlatform, "isOnline" | "tryWebrtc" | "url"> | null;
}

export type Doctor = () => Promise<readonly DiagnosisStep[]>;

export const createDoctor = (deps: DoctorDeps): Doctor => {
  const trials = createTrials(deps.page);
  return async () => {
    await deps.session.opened;
    return diagnose(await findingsOf(deps, trials));
  };
};

interface Trials {
  readonly webrtc: (settings: ConnectionSettings) => Promise<WebrtcFinding | null>;
  /** As `Findings.clockAheadMs`. */
  readonly clock: () => Promise<number | null>;
}

const createTrials = (page: DoctorDeps["page"]): Trials => {
  const [webrtc, clock] = [createKept<WebrtcFinding>(), createKept<number | null>()];
  return {
    webrtc: (settings) =>
      page === null || !allowsWebrtc(settings)
        ? Promise.resolve(null)
        : webrtc(JSON.stringify(settings), () => page.tryWebrtc(settings)),
    clock: () =>
      page === null ? Promise.resolve(null) : clock("", () => aheadOfServer(page.url())),
  };
};

/** What was found holds for a while, unless it is to be found of something else. */
const createKept = <T>(): ((of: string, find: () => Promise<T>) => Promise<T>) => {
  let last: { readonly of: string; readonly at: number; finding: Promise<T> } | null = null;
  return (of, find) => {
    const age = last === null ? Number.NaN : Date.now() - last.at;
    // Behind zero: somebody set the clock right
    const isFresh = age >= 0 && age < trialKeptMilliseconds;
    if (last?.of !== of || !isFresh) last = { of, at: Date.now(), finding: find() };
    return last.finding;
  };
};

const findingsOf = async (
  { session, carrying, page }: DoctorDeps,
  trials: Trials,
): Promise<Findings> => {
  const [webrtc, clockAheadMs] = await Promise.all([
    trials.webrtc(session.connectionSettings()),
    trials.clock(),
  ]);
  // What was told meanwhile counts: nothing is awaited from here on
  const connectivity = session.connectivity();
  const networks = session.networks().filter(({ closed }) => closed?.standing !== "removed");
  return {
    ...{ settings: session.connectionSettings(), webrtc, connectivity },
    clockAheadMs,
    isOnline: page?.isOnline() ?? null,
    network: connectivity === null ? carrying.state() : "running",
    networks: networks.length,
    met: new Set(networks.flatMap(({ peers }) => peers.map(({ transportId }) => transportId))),
  };
};
