/**
 * What one open store found unreadable, each thing once, however often it is met.
 */
import type { Damage } from "./store.ts";

export interface DamageList {
  readonly all: () => readonly Damage[];
  readonly add: (where: Damage["where"], key: string, reason: string) => void;
}

export const createDamageList = (): DamageList => {
  const found = new Map<string, Damage>();
  return {
    all: () => [...found.values()],
    add: (where, key, reason) => {
      found.set(`${where}/${key}`, { where, key, reason });
    },
  };
};
