/**
 * Finds out what works of the connection: what the page can tell by itself, and what the network
 * told last, wherever it runs.
 */
import { webrtcTrialKeptMilliseconds } from "../core/base/limits.ts";
import { allowsWebrtc, type ConnectionSettings } from "../core/wire/connection.ts";
import type { Carrying } from "./carrying.ts";
import type { PagePlatform } from "./connection.ts";
import { diagnose, type DiagnosisStep, type Findings, type WebrtcFinding } from "./diagnosis.ts";
import type { Session } from "./session.ts";

export interface DoctorDeps {
  readonly session: Session;
  readonly carrying: Pick<Carrying, "state">;
  /** null outside of pages. */
  readonly page: Pick<PagePlatform, "isOnline" | "tryWebrtc"> | null;
}

export type Doctor = () => Promise<readonly DiagnosisStep[]>;

export const createDoctor = (deps: DoctorDeps): Doctor => {
  const trial = createTrial(deps.page);
  return async () => {
    await deps.session.opened;
    return diagnose(await findingsOf(deps, trial));
  };
};

type Trial = (settings: ConnectionSettings) => Promise<WebrtcFinding | null>;

/** What was found holds for a while, unless something else is set. */
const createTrial = (page: DoctorDeps["page"]): Trial => {
  let last: { readonly of: string; readonly at: number; finding: Promise<WebrtcFinding> } | null =
    null;
  return (settings) => {
    if (page === null || !allowsWebrtc(settings)) return Promise.resolve(null);
    const of = JSON.stringify(settings);
    const isFresh = last !== null && Date.now() - last.at < webrtcTrialKeptMilliseconds;
    if (last?.of !== of || !isFresh) {
      last = { of, at: Date.now(), finding: page.tryWebrtc(settings) };
    }
    return last.finding;
  };
};

const findingsOf = async (
  { session, carrying, page }: DoctorDeps,
  trial: Trial,
): Promise<Findings> => {
  const webrtc = await trial(session.connectionSettings());
  // What was told meanwhile counts: nothing is awaited from here on
  const connectivity = session.connectivity();
  const networks = session.networks().filter(({ closed }) => closed?.standing !== "removed");
  return {
    ...{ settings: session.connectionSettings(), webrtc, connectivity },
    isOnline: page?.isOnline() ?? null,
    network: connectivity === null ? carrying.state() : "running",
    networks: networks.length,
    met: new Set(networks.flatMap(({ peers }) => peers.map(({ transportId }) => transportId))),
  };
};
