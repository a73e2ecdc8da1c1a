/**
 * The leader's database, shared by its own page and other tabs: each has live queries of its own
 * numbers, and hears what the database tells by itself.
 */
import type { ErrorValue } from "../../core/base/errors.ts";
import type { Answer, EngineService, OpenInfo, OpenRequest, ServiceEvent } from "../api.ts";
import type { TabService } from "./calls.ts";

export interface Host {
  readonly info: OpenInfo;
  /** What was told last is told to the new one at once. */
  join(request: OpenRequest, emit: Emit): HostClient;
}

export interface HostClient {
  readonly service: TabService;
  /** Its live queries end. */
  leave(): void;
}

export type Emit = (event: ServiceEvent) => void;

/** `failed`: the database can not go on. */
export const openHost = async (
  service: EngineService,
  request: OpenRequest,
  failed: (error: ErrorValue) => void,
): Promise<Answer<Host>> => {
  const state: State = { service, clients: new Set(), routes: new Map(), told: new Map(), last: 0 };
  const { clients } = state;
  const wanted: OpenRequest = {
    name: request.name,
    /** Who wants its writes flushed gets it, whoever else is there. */
    get durability() {
      const all = [{ request }, ...clients];
      return all.some((client) => client.request.durability === "strict") ? "strict" : "relaxed";
    },
    get tellArrivals() {
      return [...clients].some((client) => client.request.tellArrivals === true);
    },
  };
  const answer = await service.open(wanted, (event) => {
    if (event.kind === "failed") failed(event.error);
    else route(state, event);
  });
  if (!answer.ok) return answer;
  return { ok: true, value: { info: answer.value, join: (by, emit) => join(state, by, emit) } };
};

interface State {
  readonly service: EngineService;
  readonly clients: Set<Client>;
  /** Live queries by the engine's number. */
  readonly routes: Map<number, { readonly client: Client; readonly subscription: number }>;
  /** The latest event of each kind that says how things stand. */
  readonly told: Map<ServiceEvent["kind"], ServiceEvent>;
  /** The last of the engine's numbers. */
  last: number;
}

interface Client {
  readonly request: OpenRequest;
  readonly emit: Emit;
  /** The engine's numbers by its own. */
  readonly subscriptions: Map<number, number>;
}

const route = (state: State, event: ServiceEvent): void => {
  if (event.kind === "live") {
    const to = state.routes.get(event.subscription);
    to?.client.emit({ ...event, subscription: to.subscription });
    return;
  }
  if (event.kind === "arrived") {
    for (const { request, emit } of state.clients) {
      // A page's rows are moved to it, so each gets its own
      const rows = { before: event.before.slice(), after: event.after.slice() };
      if (request.tellArrivals === true) emit({ ...event, ...rows });
    }
    return;
  }
  if (!momentary.has(event.kind)) state.told.set(event.kind, event);
  for (const { emit } of state.clients) emit(event);
};

/** They say what happened, not how things stand: who comes later has not missed them. */
const momentary: ReadonlySet<ServiceEvent["kind"]> = new Set(["damage", "message"]);

const join = (state: State, request: OpenRequest, emit: Emit): HostClient => {
  const { service, clients, told } = state;
  const client: Client = { request, emit, subscriptions: new Map() };
  clients.add(client);
  for (const event of told.values()) emit(event);
  return {
    service: {
      ...service,
      subscribe: async (subscription, find) => {
        state.last += 1;
        const number = state.last;
        state.routes.set(number, { client, subscription });
        client.subscriptions.set(subscription, number);
        const answer = await service.subscribe(number, find);
        if (!answer.ok) state.routes.delete(number);
        return answer;
      },
      unsubscribe: (subscription) => unsubscribe(state, client, subscription),
    },
    leave() {
      clients.delete(client);
      for (const subscription of [...client.subscriptions.keys()]) {
        void unsubscribe(state, client, subscription);
      }
    },
  };
};

const unsubscribe = (
  { service, routes }: State,
  { subscriptions }: Client,
  subscription: number,
): Promise<Answer<null>> => {
  const number = subscriptions.get(subscription);
  if (number === undefined) return Promise.resolve({ ok: true, value: null });
  subscriptions.delete(subscription);
  routes.delete(number);
  return service.unsubscribe(number);
};
