/**
 * What the page has to tell by itself: problems and warnings that stay until somebody dismisses
 * them, and short news that only a screen reader needs to be told.
 */
import { createContext } from "svelte";
import { problemOf, type Problem } from "./text/problem.ts";

export interface Notice {
  readonly key: number;
  readonly kind: "problem" | "warning";
  readonly message: string;
  /** Said in small print, for a report. */
  readonly detail: string;
}

const noticesMax = 5;

/** The page's; a dialog shows them too, since nothing behind it can be read or reached. */
export const [getNotices, setNotices] = createContext<Notices>();

export class Notices {
  #nextKey = 1;
  list = $state.raw<readonly Notice[]>([]);
  /** The latest piece of news; read out politely. */
  news = $state("");

  problem(error: unknown): void {
    const problem = problemOf(error);
    this.#add("problem", problem.message, detailOf(problem));
  }

  warning(message: string, detail = ""): void {
    this.#add("warning", message, detail);
  }

  announce(text: string): void {
    this.news = text;
  }

  dismiss(key: number): void {
    this.list = this.list.filter((notice) => notice.key !== key);
  }

  /** The same text twice stands there once; the oldest give way. */
  #add(kind: Notice["kind"], message: string, detail: string): void {
    const others = this.list.filter((each) => each.message !== message || each.detail !== detail);
    this.list = [...others, { key: this.#nextKey++, kind, message, detail }].slice(-noticesMax);
  }
}

const detailOf = ({ path, code, cause }: Problem): string =>
  [code, path, cause].filter((part) => part !== null && part !== "").join(" · ");
