/**
 * What a tab asks of the database, as data that can wait for a leader, cross a channel and be sent
 * again: writes carry their command's id, and everything else can be asked twice.
 */
import { unreachable } from "../../core/base/result.ts";
import type { Answer, DatabaseService } from "../api.ts";

/** What any tab may ask; the rest is a tab's own affair or the leader's. */
export type TabService = Omit<DatabaseService, "open" | "close" | "carry">;

type CallName = keyof TabService;

export type Call = {
  [Name in CallName]: {
    readonly name: Name;
    readonly parameters: Parameters<TabService[Name]>;
  };
}[CallName];

export const perform = (service: TabService, call: Call): Promise<Answer<unknown>> => {
  switch (call.name) {
    case "write":
      return service.write(...call.parameters);
    case "find":
      return service.find(...call.parameters);
    case "get":
      return service.get(...call.parameters);
    case "count":
      return service.count(...call.parameters);
    case "collections":
      return service.collections(...call.parameters);
    case "subscribe":
      return service.subscribe(...call.parameters);
    case "unsubscribe":
      return service.unsubscribe(...call.parameters);
    case "makeNetwork":
      return service.makeNetwork(...call.parameters);
    case "leaveNetwork":
      return service.leaveNetwork(...call.parameters);
    case "manageNetwork":
      return service.manageNetwork(...call.parameters);
    case "askPeers":
      return service.askPeers(...call.parameters);
    case "forceSync":
      return service.forceSync(...call.parameters);
    case "configureConnection":
      return service.configureConnection(...call.parameters);
    case "health":
      return service.health(...call.parameters);
    default:
      return unreachable(call);
  }
};

/** The contract over whatever takes calls and gives their answers. */
export const createTabService = (ask: <T>(call: Call) => Promise<Answer<T>>): TabService => ({
  write: (...parameters) => ask({ name: "write", parameters }),
  find: (...parameters) => ask({ name: "find", parameters }),
  get: (...parameters) => ask({ name: "get", parameters }),
  count: (...parameters) => ask({ name: "count", parameters }),
  collections: (...parameters) => ask({ name: "collections", parameters }),
  subscribe: (...parameters) => ask({ name: "subscribe", parameters }),
  unsubscribe: (...parameters) => ask({ name: "unsubscribe", parameters }),
  makeNetwork: (...parameters) => ask({ name: "makeNetwork", parameters }),
  leaveNetwork: (...parameters) => ask({ name: "leaveNetwork", parameters }),
  manageNetwork: (...parameters) => ask({ name: "manageNetwork", parameters }),
  askPeers: (...parameters) => ask({ name: "askPeers", parameters }),
  forceSync: (...parameters) => ask({ name: "forceSync", parameters }),
  configureConnection: (...parameters) => ask({ name: "configureConnection", parameters }),
  health: (...parameters) => ask({ name: "health", parameters }),
});
