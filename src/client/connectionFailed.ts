/**
 * The connection of a database that cannot be: options that are refused, a platform without
 * workers. Opening it tells why; nothing else is ever asked of it.
 */
import type { NebulusError } from "../core/base/errors.ts";
import type { Answer } from "../worker/api.ts";
import type { Connection } from "./connection.ts";

export const createFailedConnection = (error: NebulusError): Connection => {
  const refuse = (): Promise<Answer<never>> =>
    Promise.resolve({ ok: false, error: error.toValue() });
  return {
    service: {
      open: refuse,
      write: refuse,
      find: refuse,
      get: refuse,
      count: refuse,
      collections: refuse,
      subscribe: refuse,
      unsubscribe: refuse,
      makeNetwork: refuse,
      leaveNetwork: refuse,
      manageNetwork: refuse,
      askPeers: refuse,
      forceSync: refuse,
      carry: refuse,
      configureConnection: refuse,
      health: refuse,
      close: refuse,
    },
    onLost: () => undefined,
    destroy: refuse,
    end: () => undefined,
  };
};
