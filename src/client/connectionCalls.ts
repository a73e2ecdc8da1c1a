/**
 * How this device connects, as an application sees and sets it. What checks and explains it is
 * loaded when it is first asked for.
 */
import { loadPart } from "../core/base/parts.ts";
import { abortable } from "./abort.ts";
import { refusal } from "./answer.ts";
import type { Carrying } from "./carrying.ts";
import type { Platform } from "./connection.ts";
import type { Doctor } from "./doctor.ts";
import type { NetworkManager } from "./networkTypes.ts";
import type { Session } from "./session.ts";

export type ConnectionCalls = Pick<
  NetworkManager,
  "connectionSettings" | "configureConnection" | "diagnose"
>;

export interface ConnectionCallsDeps {
  readonly session: Session;
  readonly carrying: Carrying;
  readonly platform: Platform;
}

export const createConnectionCalls = ({
  session,
  carrying,
  platform: { page, carry },
}: ConnectionCallsDeps): ConnectionCalls => {
  let doctor: Doctor | null = null;
  return {
    connectionSettings: session.connectionSettings,
    configureConnection: (change, call) =>
      session.during(() =>
        abortable(call?.signal, async () => {
          const { checkConnection } = await loadPart(() => import("./connectionSettings.ts"));
          const checked = checkConnection(change);
          // The network was handed in, with settings of its own, or there is none
          if (page === null || carry !== undefined) throw fixed();
          await session.ask((service) => service.configureConnection(checked));
        }),
      ),
    diagnose: (call) =>
      session.during(() =>
        abortable(call?.signal, async () => {
          const { createDoctor } = await loadPart(() => import("./doctor.ts"));
          doctor ??= createDoctor({ session, carrying, page });
          return doctor();
        }),
      ),
  };
};

const fixed = (): Error =>
  refusal(
    "NotSupported",
    "this database uses a network that was handed to it: what relays it uses is said where that " +
      "is made, such as createLibP2PNetwork({ relays })",
  );
