/**
 * The leader as other tabs meet it: it welcomes whoever says hello, answers calls over a channel
 * for each tab, and forgets a tab when that says goodbye or dies, which the browser tells by
 * freeing the tab's lock.
 */
import { tabsHearMillisecondsMax } from "../../core/base/limits.ts";
import { unreachable } from "../../core/base/result.ts";
import type { Answer, OpenRequest, ServiceEvent } from "../api.ts";
import type { Question } from "./asked.ts";
import { perform } from "./calls.ts";
import type { Host, HostClient } from "./host.ts";
import { unwrap, wrap, type LobbyMessage, type ToLeader, type ToTab } from "./messages.ts";
import { channelName, lobbyName, tabLock, type TabChannel, type TabPlatform } from "./platform.ts";

export interface Leadership {
  /**
   * Tells every tab that another is to lead. What is being performed is answered; nothing else is.
   */
  leave(): void;
  /**
   * Tells every tab that the database is to be deleted; resolves when they heard it, so that none
   * leads a new one. One that is frozen hears it first when it thaws.
   */
  tellDeleted(): Promise<void>;
  readonly tabCount: () => number;
}

export interface LeadershipDeps {
  readonly platform: TabPlatform;
  readonly database: string;
  /** This leadership's name. */
  readonly term: string;
  /** The database, when it is open. Where it can not be, the leadership is ended by its owner. */
  readonly hosting: Promise<Answer<Host>>;
  /** A tab runs a newer program. */
  readonly outdated: () => void;
  /** A tab is to delete the database: ends the leadership, and every other tab's share. */
  readonly makeWay: () => Promise<void>;
}

export const lead = (deps: LeadershipDeps): Leadership => {
  const { platform, database, term } = deps;
  const state: State = { ...deps, tabs: new Map(), isEnded: false, onGone: () => undefined };
  const lobby = platform.openChannel(lobbyName(database), (data) => {
    const received = unwrap("lobby", data);
    if (received === null || state.isEnded) return;
    // It leads next, so it is not welcomed here
    if (received.build > platform.build) deps.outdated();
    else if (received.kind === "understood") onLobby(state, received.message);
  });
  lobby.post(wrap("lobby", { kind: "leads" }, platform.build));
  const tell = (kind: "leaves" | "deleted"): void => {
    state.isEnded = true;
    for (const tab of state.tabs.values()) post(state, tab.channel, { term, kind });
  };
  const forgetAll = (): void => {
    for (const tab of [...state.tabs.values()]) forget(state, tab);
    lobby.close();
  };
  return {
    leave() {
      if (state.isEnded) return;
      tell("leaves");
      forgetAll();
    },
    async tellDeleted() {
      if (state.isEnded) return;
      tell("deleted");
      await allGone(state);
      forgetAll();
    },
    tabCount: () => state.tabs.size,
  };
};

interface State extends LeadershipDeps {
  readonly tabs: Map<string, Tab>;
  isEnded: boolean;
  /** Called when a tab is gone. */
  onGone: () => void;
}

const allGone = (state: State): Promise<void> =>
  new Promise((resolve) => {
    const stopWaiting = state.platform.timers.after(tabsHearMillisecondsMax, resolve, true);
    state.onGone = () => {
      if (state.tabs.size > 0) return;
      stopWaiting();
      resolve();
    };
    state.onGone();
  });

interface Tab {
  readonly id: string;
  readonly channel: TabChannel;
  client: HostClient | null;
  /** Ends the watch over its life. */
  readonly unwatch: AbortController;
}

const onLobby = (state: State, message: LobbyMessage): void => {
  // Of two leaders the one that was replaced hears it from its lock
  if (message.kind === "hello") void welcome(state, message.tab, message.request);
};

const welcome = async (state: State, id: string, request: OpenRequest): Promise<void> => {
  const { term, hosting } = state;
  const tab = state.tabs.get(id) ?? admit(state, id);
  post(state, tab.channel, { term, kind: "wait" });
  const answer = await hosting;
  if (!answer.ok || state.tabs.get(id) !== tab) return;
  const host = answer.value;
  tab.client ??= host.join(request, (event) => {
    tell(state, tab, event);
  });
  post(state, tab.channel, { term, kind: "welcome", info: host.info });
};

const admit = (state: State, id: string): Tab => {
  const { platform, database } = state;
  const channel = platform.openChannel(channelName(database, id), (data) => {
    const received = unwrap("leader", data);
    if (received?.kind !== "understood" || received.message.term !== state.term) return;
    void onMessage(state, tab, received.message);
  });
  const tab: Tab = { id, channel, client: null, unwatch: new AbortController() };
  state.tabs.set(id, tab);
  void watch(state, tab);
  return tab;
};

/** A tab's lock can be had when the tab is gone. */
const watch = async (state: State, tab: Tab): Promise<void> => {
  const { locks } = state.platform;
  const wish = { kind: "wait", signal: tab.unwatch.signal } as const;
  const release = await locks.take(tabLock(state.database, tab.id), wish);
  if (release === null) return;
  forget(state, tab);
  await release();
};

const onMessage = async (state: State, tab: Tab, message: ToLeader): Promise<void> => {
  const { term } = state;
  if (state.tabs.get(tab.id) !== tab) return;
  switch (message.kind) {
    case "ping":
      post(state, tab.channel, { term, kind: "pong" });
      return;
    case "bye":
      forget(state, tab);
      return;
    case "ask":
      if (state.isEnded) return;
      await answer(state, tab, message.number, message.question);
      return;
    default:
      unreachable(message);
  }
};

const answer = async (
  state: State,
  tab: Tab,
  number: number,
  question: Question,
): Promise<void> => {
  const { term } = state;
  if (question.name !== "destroy") {
    if (tab.client === null) return;
    const given = await perform(tab.client.service, question);
    post(state, tab.channel, { term, kind: "answer", number, answer: given });
    return;
  }
  // It is not told what it asked for: it asks itself when it leads
  state.tabs.delete(tab.id);
  await state.makeWay();
  forget(state, tab);
};

const tell = (state: State, tab: Tab, event: ServiceEvent): void => {
  post(state, tab.channel, { term: state.term, kind: "event", event });
};

const forget = (state: State, tab: Tab): void => {
  state.tabs.delete(tab.id);
  tab.unwatch.abort();
  tab.client?.leave();
  tab.client = null;
  tab.channel.close();
  state.onGone();
};

const post = ({ platform }: State, channel: TabChannel, message: ToTab): void => {
  channel.post(wrap("tab", message, platform.build));
};
