/**
 * Finds out what works of the connection: what the page can tell by itself, and what the network
 * told last, wherever it runs.
 */
import { allowsWebrtc } from "../core/wire/connection.ts";
import { abortable } from "./abort.ts";
import type { Carrying } from "./carrying.ts";
import type { PagePlatform } from "./connection.ts";
import { diagnose, type Findings } from "./diagnosis.ts";
import type { NetworkManager } from "./networkTypes.ts";
import type { Session } from "./session.ts";

export interface DoctorDeps {
  readonly session: Session;
  readonly carrying: Pick<Carrying, "state">;
  /** null outside of pages. */
  readonly page: Pick<PagePlatform, "isOnline" | "tryWebrtc"> | null;
}

export const createDoctor = (deps: DoctorDeps): Pick<NetworkManager, "diagnose"> => ({
  diagnose: (call) =>
    deps.session.during(() =>
      abortable(call?.signal, async () => {
        await deps.session.opened;
        return diagnose(await findingsOf(deps));
      }),
    ),
});

const findingsOf = async ({ session, carrying, page }: DoctorDeps): Promise<Findings> => {
  const settings = session.connectionSettings();
  const mayUse = page !== null && allowsWebrtc(settings);
  const webrtc = mayUse ? await page.tryWebrtc(settings) : null;
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
