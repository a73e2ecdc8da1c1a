/**
 * Documents of all shapes a merge can give, for what stores and reads them: from histories with a
 * liar in them, each under an id of its own.
 */
import type { DocumentState } from "../../src/core/doc/state.ts";
import { runHistory } from "./histories.ts";

/** The states of so many histories from a seed on, ids rising. */
export const statesFrom = (seed: number, histories: number): readonly DocumentState[] => {
  const states: DocumentState[] = [];
  for (let at = seed; at < seed + histories; at++) {
    runHistory(at, {
      ...{ steps: 12, hostile: at % 2 === 0 },
      onState: (state) => {
        states.push({ ...state, id: `d${String(states.length).padStart(6, "0")}` });
      },
    });
  }
  return states;
};
