/**
 * Devices that a replica of the small world of sessions slows, as engines slow those beyond their
 * quota (src/engine/sync/deviceUse.ts): what comes of them is charged, is pulled last, and not at
 * all until its time has passed.
 */
import type { Pace } from "../../src/core/sync/sessionState.ts";

export interface Paces {
  /** From now on, at so many bytes a second; null: no more. */
  readonly slow: (device: number, bytesPerSecond: number | null) => void;
  readonly of: (device: number) => Pace;
  /** So much came of it. */
  readonly charge: (device: number, bytes: number) => void;
  readonly pass: (milliseconds: number) => void;
}

export const createPaces = (): Paces => {
  const debts = new Map<number, { readonly rate: number; readonly bytes: number }>();
  return {
    slow(device, rate) {
      if (rate === null) debts.delete(device);
      else debts.set(device, { rate, bytes: debts.get(device)?.bytes ?? 0 });
    },
    of(device) {
      const debt = debts.get(device);
      if (debt === undefined) return "usual";
      return debt.bytes > 0 ? "paused" : "last";
    },
    charge(device, bytes) {
      const debt = debts.get(device);
      if (debt !== undefined) debts.set(device, { ...debt, bytes: debt.bytes + bytes });
    },
    pass(milliseconds) {
      for (const [device, { rate, bytes }] of debts) {
        debts.set(device, { rate, bytes: Math.max(0, bytes - (rate * milliseconds) / 1_000) });
      }
    },
  };
};
