/**
 * What tabs of one origin tell each other (DESIGN.md §2). Two kinds of channels: the lobby, where
 * everybody hears everybody, and one between each tab and whoever leads. A leadership has a name,
 * its `term`: what a former leader says after it thawed is told apart by that.
 *
 * They are this program's own messages, of this or of another build: `protocol` is raised when
 * their meaning changes, and messages of another protocol are not understood.
 */
import type { Answer, OpenInfo, OpenRequest, ServiceEvent } from "../api.ts";
import type { Question } from "./asked.ts";

export const tabProtocol = 1;

export type LobbyMessage =
  /** A tab looks for a leader. */
  | {
      readonly kind: "hello";
      readonly tab: string;
      readonly request: OpenRequest;
    }
  /** Somebody leads from now on. */
  | { readonly kind: "leads" };

/** From a tab to the leader of that term. */
export type ToLeader = { readonly term: string } & (
  | { readonly kind: "ask"; readonly number: number; readonly question: Question }
  /** Answered with `pong`. */
  | { readonly kind: "ping" }
  /** The tab wants nothing any more. */
  | { readonly kind: "bye" }
);

/** From the leader of that term to a tab. */
export type ToTab = { readonly term: string } &
  /** The database is being opened. */
  (
    | { readonly kind: "wait" }
    | { readonly kind: "welcome"; readonly info: OpenInfo }
    | { readonly kind: "answer"; readonly number: number; readonly answer: Answer<unknown> }
    | { readonly kind: "event"; readonly event: ServiceEvent }
    | { readonly kind: "pong" }
    /** Another is to lead; what has no answer is to be asked again. */
    | { readonly kind: "leaves" }
    /** The database was deleted. */
    | { readonly kind: "deleted" }
  );

export type Addressee = "lobby" | "leader" | "tab";

interface MessageTo {
  readonly lobby: LobbyMessage;
  readonly leader: ToLeader;
  readonly tab: ToTab;
}

export type Received<To extends Addressee> =
  | { readonly kind: "understood"; readonly message: MessageTo[To]; readonly build: number }
  /** Of a program whose messages mean something else. */
  | { readonly kind: "foreign"; readonly build: number };

/** `to` says who it is for, since all ends of a channel hear all of it. */
interface Envelope {
  readonly protocol: number;
  readonly build: number;
  readonly to: string;
  readonly message: unknown;
}

/** `build`: of this program. */
export const wrap = <To extends Addressee>(
  to: To,
  message: MessageTo[To],
  build: number,
): unknown => ({ protocol: tabProtocol, build, to, message }) satisfies Envelope;

/** null: for somebody else. */
export const unwrap = <To extends Addressee>(to: To, data: unknown): Received<To> | null => {
  if (!isEnvelope(data)) return null;
  const { protocol, build } = data;
  if (protocol !== tabProtocol) return { kind: "foreign", build };
  if (data.to !== to) return null;
  // Only this program posts here, and an equal protocol means equal messages
  return { kind: "understood", message: data.message as MessageTo[To], build };
};

const isEnvelope = (data: unknown): data is Envelope =>
  typeof data === "object" && data !== null && "protocol" in data && "build" in data;
