/**
 * What the page has to tell by itself: problems and warnings that stay until somebody dismisses
 * them, and short news that only a screen reader needs to be told.
 */
import { createContext } from "svelte";
import type { DamageReport } from "../core/wire/health.ts";
import { messages } from "./messages.ts";
import { problemOf, type Problem } from "./text/problem.ts";
import { damageInWords, isMissing } from "./text/damage.ts";

export interface Notice {
  readonly key: number;
  readonly kind: "problem" | "warning";
  readonly title: string;
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
    const isFull = problem.code === "QuotaExceeded";
    const title = isFull ? messages.full.title : messages.errors.title;
    this.#add({ kind: "problem", title, message: problem.message, detail: detailOf(problem) });
  }

  warning(message: string, detail = ""): void {
    this.#add({ kind: "warning", title: messages.errors.warning, message, detail });
  }

  /** What storage could not give back, and what to do. */
  damage(damage: readonly DamageReport[]): void {
    if (damage.length === 0) return;
    const title = isMissing(damage) ? messages.damage.title : messages.damage.mended;
    const detail = damage.map((report) => report.detail).join("\n");
    this.#add({ kind: "warning", title, message: damageInWords(damage), detail });
  }

  announce(text: string): void {
    this.news = text;
  }

  dismiss(key: number): void {
    this.list = this.list.filter((notice) => notice.key !== key);
  }

  /** The same text twice stands there once; the oldest give way. */
  #add(notice: Omit<Notice, "key">): void {
    const { message, detail } = notice;
    const others = this.list.filter((each) => each.message !== message || each.detail !== detail);
    this.list = [...others, { key: this.#nextKey++, ...notice }].slice(-noticesMax);
  }
}

const detailOf = ({ path, code, cause }: Problem): string =>
  [code, path, cause].filter((part) => part !== null && part !== "").join(" · ");
