/**
 * Into how many recovery keys a new network's recovery is split, and how many of them are needed:
 * one, unless somebody asks for more.
 */
import type { NetworkOptions } from "../client/networkTypes.ts";
import { recoveryKeysMax } from "../core/base/limits.ts";
import { sharingMessages } from "./sharingMessages.ts";

export class RecoverySplit {
  /** Null where the field holds no number. */
  keys = $state<number | null>(1);
  needed = $state<number | null>(1);
  keysProblem = $state("");
  neededProblem = $state("");
  /** The fields are in sight. */
  isOpen = $state(false);

  /** Null: it is wrong, which is said at the fields. */
  check(): NonNullable<NetworkOptions["recovery"]> | null {
    const keys = countOf(this.keys, recoveryKeysMax);
    const needed = countOf(this.needed, keys ?? recoveryKeysMax);
    this.keysProblem = keys === null ? sharingMessages.countFault(recoveryKeysMax) : "";
    this.neededProblem = needed === null ? sharingMessages.countFault(keys ?? recoveryKeysMax) : "";
    if (keys !== null && needed !== null) return { keys, needed };
    this.isOpen = true;
    return null;
  }

  reset(): void {
    this.keys = 1;
    this.needed = 1;
    this.isOpen = false;
  }
}

const countOf = (value: number | null, max: number): number | null =>
  value !== null && Number.isSafeInteger(value) && value >= 1 && value <= max ? value : null;
