/**
 * The engine in this very process: Node, tests, and adapters that a caller hands in. What makes it
 * comes from a composition root, which may load it only now; the client knows nothing but its
 * contract.
 */
import type { Answer, DatabaseService } from "../worker/api.ts";
import { toNebulusError, valueOf } from "./answer.ts";
import type { Carry, Connection } from "./connection.ts";

export interface LocalEngine {
  readonly service: DatabaseService;
  /** Deletes all data of that name. */
  readonly destroy: (name: string) => Promise<void>;
}

export const createLocalConnection = (loading: Promise<LocalEngine>): Connection => {
  const using = async <T>(
    ask: (service: DatabaseService) => Promise<Answer<T>>,
  ): Promise<Answer<T>> => ask((await loading).service);
  return {
    service: {
      open: (request, emit) => using((service) => service.open(request, emit)),
      write: (request) => using((service) => service.write(request)),
      find: (request, marks) => using((service) => service.find(request, marks)),
      get: (request, marks) => using((service) => service.get(request, marks)),
      count: (request) => using((service) => service.count(request)),
      collections: () => using((service) => service.collections()),
      subscribe: (number, request) => using((service) => service.subscribe(number, request)),
      unsubscribe: (number) => using((service) => service.unsubscribe(number)),
      makeNetwork: (request) => using((service) => service.makeNetwork(request)),
      leaveNetwork: (networkId) => using((service) => service.leaveNetwork(networkId)),
      manageNetwork: (request) => using((service) => service.manageNetwork(request)),
      askPeers: (request) => using((service) => service.askPeers(request)),
      forceSync: (collection) => using((service) => service.forceSync(collection)),
      carry: (port) => using((service) => service.carry(port)),
      configureConnection: (change) => using((service) => service.configureConnection(change)),
      health: () => using((service) => service.health()),
      close: () => using((service) => service.close()),
    },
    onLost: () => undefined,
    destroy: async (name) => destroy(await loading, name),
    end: () => undefined,
  };
};

/** For an engine that was given its network: nothing has to reach it through a port. */
export const carryHere: Carry = async (service) => {
  const { port1, port2 } = new MessageChannel();
  valueOf(await service.carry(port2));
  return () => {
    port1.close();
    return Promise.resolve();
  };
};

const destroy = async (
  { service, ...engine }: LocalEngine,
  name: string,
): Promise<Answer<null>> => {
  try {
    // Whatever closing says: it is to be deleted.
    await service.close();
    await engine.destroy(name);
    return { ok: true, value: null };
  } catch (error) {
    return { ok: false, error: toNebulusError(error).toValue() };
  }
};
