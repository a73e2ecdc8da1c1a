/**
 * What is done each second where there is a network. Apart from sync.ts, since an opening without
 * one does without it.
 */
import { hashAhead } from "./hashAhead.ts";
import { retakeDue } from "./retake.ts";
import type { SyncState } from "./state.ts";

export const everySecond = (state: SyncState): void => {
  state.devices?.tick();
  retakeDue(state);
  hashAhead(state);
};
