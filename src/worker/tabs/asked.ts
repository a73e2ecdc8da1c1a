/**
 * What a tab has asked and not heard the answer of: it waits while nobody leads, and is asked again
 * of whoever leads next. That is safe: a write that took effect answers by its command's id.
 */
import type { ErrorValue } from "../../core/base/errors.ts";
import type { FindRequest } from "../../core/wire/requests.ts";
import type { Answer } from "../api.ts";
import type { Call } from "./calls.ts";

export type Question = Call | { readonly name: "destroy" };

/** Whoever answers at present. */
export type Target = (number: number, question: Question) => void;

export interface Asked {
  readonly ask: <T>(question: Question) => Promise<Answer<T>>;
  /** Asks all of it again, live queries included. */
  readonly attach: (target: Target) => void;
  /** From now on it waits. */
  readonly detach: () => void;
  readonly answered: (number: number, answer: Answer<unknown>) => void;
  /** Answers everything so, what comes later too. */
  readonly end: (error: ErrorValue) => void;
}

export interface AskedDeps {
  /** The present target can answer nothing any more. */
  readonly gone: () => void;
  /** A live query could not go on with another leader. */
  readonly failed: (subscription: number, error: ErrorValue) => void;
}

export const createAsked = (deps: AskedDeps): Asked => {
  const state: State = {
    ...{ deps, waiting: new Map(), followed: new Map() },
    ...{ target: null, ended: null, last: 0 },
  };
  const { waiting, followed } = state;
  return {
    // What is answered is what was asked: calls.ts pairs them
    ask: <T>(question: Question) => ask(state, question) as Promise<Answer<T>>,
    attach(target) {
      state.target = null;
      followAgain(state);
      state.target = target;
      for (const [number, { question }] of [...waiting]) target(number, question);
    },
    detach() {
      state.target = null;
    },
    answered(number, answer) {
      if (isGone(answer)) deps.gone();
      else resolve(state, number, answer);
    },
    end(error) {
      state.ended = error;
      state.target = null;
      for (const number of [...waiting.keys()]) resolve(state, number, { ok: false, error });
      followed.clear();
    },
  };
};

interface State {
  readonly deps: AskedDeps;
  readonly waiting: Map<number, Waiting>;
  /** Live queries by their numbers. */
  readonly followed: Map<number, FindRequest>;
  target: Target | null;
  ended: ErrorValue | null;
  /** The last number of a question. */
  last: number;
}

interface Waiting {
  readonly question: Question;
  readonly resolve: (answer: Answer<unknown>) => void;
}

const ask = (state: State, question: Question): Promise<Answer<unknown>> => {
  const { waiting, followed, ended } = state;
  if (ended !== null) return Promise.resolve({ ok: false, error: ended });
  if (question.name === "subscribe") followed.set(...question.parameters);
  if (question.name === "unsubscribe") followed.delete(question.parameters[0]);
  state.last += 1;
  const number = state.last;
  return new Promise((answered) => {
    waiting.set(number, { question, resolve: answered });
    state.target?.(number, question);
  });
};

/** Live queries that are under way; the others are among what waits. */
const followAgain = (state: State): void => {
  const { deps, waiting, followed } = state;
  const asking = new Set(
    [...waiting.values()].flatMap(({ question }) =>
      question.name === "subscribe" ? [question.parameters[0]] : [],
    ),
  );
  for (const parameters of [...followed]) {
    const [subscription] = parameters;
    if (asking.has(subscription)) continue;
    void ask(state, { name: "subscribe", parameters }).then((answer) => {
      if (!answer.ok) deps.failed(subscription, answer.error);
    });
  }
};

const resolve = ({ waiting }: State, number: number, answer: Answer<unknown>): void => {
  const asked = waiting.get(number);
  waiting.delete(number);
  asked?.resolve(answer);
};

/** Closed, or replaced by a later opening: nothing took effect. */
const isGone = (answer: Answer<unknown>): boolean =>
  !answer.ok && (answer.error.code === "Replaced" || answer.error.code === "Closed");
