/**
 * A tab that follows: it looks for a leader in the lobby, asks it over a channel of its own, and
 * notices when it goes: by its word, or by its silence.
 */
import { heartbeatsMissedMax } from "../../core/base/limits.ts";
import { unreachable } from "../../core/base/result.ts";
import type { Answer, OpenInfo, OpenRequest, ServiceEvent } from "../api.ts";
import type { Question } from "./asked.ts";
import { unwrap, wrap, type ToLeader, type ToTab } from "./messages.ts";
import { channelName, lobbyName, type TabChannel, type TabPlatform } from "./platform.ts";

export interface FollowerDeps {
  readonly platform: TabPlatform;
  readonly request: OpenRequest;
  /** This tab's id; it holds `tabLock` of it. */
  readonly tab: string;
  /** A leader is there: what waits for an answer is to be sent, again where it was sent before. */
  readonly welcomed: (info: OpenInfo) => void;
  readonly answered: (number: number, answer: Answer<unknown>) => void;
  readonly told: (event: ServiceEvent) => void;
  /** The leader is gone, and another is to come. */
  readonly left: () => void;
  readonly deleted: () => void;
  /** Whoever holds the lock says nothing any more. */
  readonly silent: () => void;
  /** A newer program runs in another tab; `isForeign`: it can not be followed. */
  readonly outdated: (isForeign: boolean) => void;
}

export interface Follower {
  /** Once welcomed. */
  ask(number: number, question: Question): void;
  end(): void;
}

export const follow = (deps: FollowerDeps): Follower => {
  const { platform, request, tab } = deps;
  const lobby = platform.openChannel(lobbyName(request.name), (data) => {
    const received = unwrap("lobby", data);
    if (received === null || state.isEnded) return;
    if (received.kind === "foreign") noteBuild(state, received.build, true);
    else if (received.message.kind === "leads") sayHello(state);
  });
  const channel = platform.openChannel(channelName(request.name, tab), (data) => {
    const received = unwrap("tab", data);
    if (received?.kind !== "understood" || state.isEnded) return;
    noteBuild(state, received.build, false);
    onMessage(state, received.message);
  });
  const state: State = {
    ...{ ...deps, lobby, channel },
    ...{ term: null, isEnded: false, hasHeard: false, missed: 0, stopBeating: () => undefined },
  };
  sayHello(state);
  beatLater(state);
  return {
    ask(number, question) {
      post(state, { kind: "ask", number, question });
    },
    end() {
      post(state, { kind: "bye" });
      state.term = null;
      state.isEnded = true;
      state.stopBeating();
      lobby.close();
      channel.close();
    },
  };
};

interface State extends FollowerDeps {
  readonly lobby: TabChannel;
  readonly channel: TabChannel;
  /** Of the leader that welcomed this tab. */
  term: string | null;
  isEnded: boolean;
  /** Since the last beat. */
  hasHeard: boolean;
  /** Beats without a word of anybody who leads. */
  missed: number;
  stopBeating: () => void;
}

const noteBuild = ({ platform, outdated }: State, build: number, isForeign: boolean): void => {
  if (build > platform.build) outdated(isForeign);
};

const sayHello = ({ platform, lobby, tab, request }: State): void => {
  lobby.post(wrap("lobby", { kind: "hello", tab, request }, platform.build));
};

const post = ({ platform, channel, term }: State, message: WithoutTerm<ToLeader>): void => {
  if (term !== null) channel.post(wrap("leader", { term, ...message }, platform.build));
};

const onMessage = (state: State, message: ToTab): void => {
  switch (message.kind) {
    case "wait":
      state.hasHeard = true;
      return;
    case "welcome":
      state.hasHeard = true;
      // Said hello twice
      if (state.term === message.term) return;
      state.term = message.term;
      state.welcomed(message.info);
      return;
    case "answer":
      // What a former leader performed before it went counts as well
      state.answered(message.number, message.answer);
      return;
    case "event":
    case "pong":
    case "leaves":
    case "deleted":
      if (message.term === state.term) onPresent(state, message);
      return;
    default:
      unreachable(message);
  }
};

const onPresent = (
  state: State,
  message: ToTab & { readonly kind: "event" | "pong" | "leaves" | "deleted" },
): void => {
  state.hasHeard = true;
  if (message.kind === "event") state.told(message.event);
  if (message.kind === "deleted") state.deleted();
  if (message.kind !== "leaves") return;
  state.term = null;
  state.left();
};

/** Counts its own beats, so that a tab that was frozen does not take its sleep for silence. */
const beat = (state: State): void => {
  if (state.isEnded) return;
  state.missed = state.hasHeard ? 0 : state.missed + 1;
  state.hasHeard = false;
  if (state.missed >= heartbeatsMissedMax) {
    state.missed = 0;
    state.silent();
  }
  if (state.term === null) sayHello(state);
  else post(state, { kind: "ping" });
  beatLater(state);
};

const beatLater = (state: State): void => {
  state.stopBeating = state.platform.timers.after(
    state.platform.heartbeatMilliseconds,
    () => {
      beat(state);
    },
    true,
  );
};

type WithoutTerm<Message> = Message extends unknown ? Omit<Message, "term"> : never;
