/** Damage of storage as one text for a notice, and how bad it is. */
import type { DamageReport } from "../../core/wire/health.ts";

export const damageInWords = (damage: readonly DamageReport[]): string =>
  [...new Set(damage.map(({ what, advice }) => `${what} ${advice}`))].join("\n");

/** Whether documents or changes are, or may be, missing because of it. */
export const isMissing = (damage: readonly DamageReport[]): boolean =>
  damage.some(({ lost }) => lost !== false);
