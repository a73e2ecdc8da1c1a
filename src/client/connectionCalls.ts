/**
 * How this device connects, as an application sees and sets it.
 */
import { abortable } from "./abort.ts";
import { refusal } from "./answer.ts";
import { checkConnection } from "./connectionSettings.ts";
import type { NetworkManager } from "./networkTypes.ts";
import type { Session } from "./session.ts";

export type ConnectionCalls = Pick<NetworkManager, "connectionSettings" | "configureConnection">;

export interface ConnectionCallsDeps {
  readonly session: Session;
  /** The network was handed in, with settings of its own, or there is none. */
  readonly isFixed: boolean;
}

export const createConnectionCalls = ({
  session,
  isFixed,
}: ConnectionCallsDeps): ConnectionCalls => ({
  connectionSettings: session.connectionSettings,
  configureConnection: (change, call) =>
    session.during(() =>
      abortable(call?.signal, async () => {
        const checked = checkConnection(change);
        if (isFixed) throw fixed();
        await session.ask((service) => service.configureConnection(checked));
      }),
    ),
});

const fixed = (): Error =>
  refusal(
    "NotSupported",
    "this database uses a network that was handed to it: what relays it uses is said where that " +
      "is made, such as createLibP2PNetwork({ relays })",
  );
