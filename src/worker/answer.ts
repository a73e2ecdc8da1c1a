/** Calls whose failures cross to a page as values. */
import { errorValueOf } from "../engine/failure.ts";
import type { Answer } from "./api.ts";

export const answer = async <T>(run: () => Promise<T>): Promise<Answer<T>> => {
  try {
    return { ok: true, value: await run() };
  } catch (error) {
    return { ok: false, error: errorValueOf(error) };
  }
};
