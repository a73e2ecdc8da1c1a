/**
 * All that closed networks may ask for at any moment, loaded before they do: the server of the page
 * may be out of reach by then. Apart from both who need it, so that neither loads the other.
 */
import { loadPart } from "../core/base/parts.ts";

/** Rejects with `NotLoaded`. Asked for every second: what is loaded once stays so. */
export const loadClosedParts = async (): Promise<void> => {
  if (areLoaded) return;
  await loadPart(() =>
    Promise.all([
      ...[import("./closed/wire.ts"), import("./closed/aside.ts")],
      ...[import("./closed/collections.ts"), import("./closed/decide.ts")],
      ...[import("./closed/joining.ts"), import("./closed/meeting.ts")],
      ...[import("./closed/membership.ts"), import("./closed/removal.ts")],
      ...[import("./closed/tend.ts"), import("./crypto/pair.ts"), import("./crypto/xWing.ts")],
    ]),
  );
  areLoaded = true;
};

/** Modules are loaded once for all databases of a page. */
let areLoaded = false;
