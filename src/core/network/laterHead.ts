/** Apart from control.ts, whose reading of heads a worker without networks does without. */
import type { ControlHead } from "./control.ts";

/** By term, then height: of two at the same place neither is. */
export const isLaterHead = (a: ControlHead, b: ControlHead): boolean =>
  a.term > b.term || (a.term === b.term && a.height > b.height);
