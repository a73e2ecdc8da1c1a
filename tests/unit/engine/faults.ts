/**
 * A device's store that fails, waits, or counts what it is asked.
 */
import { NebulusError } from "../../../src/core/base/errors.ts";
import type { StoreImage, StoreOperation } from "../../../src/storage/memory.ts";
import type { Device } from "./world.ts";

type Kind = StoreOperation["kind"];

export const storeFailure = new NebulusError({
  code: "StorageFailed",
  message: "This disk fails when it is told to.",
  retryable: true,
});

/** How often the store was asked for something. */
export const countCalls = (device: Device, kind: Kind): { readonly count: number } => {
  const calls = { count: 0 };
  device.fault = (operation) => {
    if (operation.kind === kind && operation.phase === "before") calls.count += 1;
  };
  return calls;
};

/** All operations of these kinds fail, or the n-th, until the device's fault is taken away. */
export const failAt = (
  device: Device,
  kinds: readonly Kind[],
  phase: StoreOperation["phase"],
  only: number | null = null,
): void => {
  let count = 0;
  device.fault = (operation) => {
    if (!kinds.includes(operation.kind) || operation.phase !== phase) return;
    count += 1;
    if (only === null || count === only) throw storeFailure;
  };
};

/** Holds the store's next call of that kind back until it fails; those behind it go on then. */
export const holdFirst = (device: Device, kind: Kind): { readonly fail: () => void } => {
  let fail = (): void => undefined;
  const gate = new Promise<void>((_, reject) => {
    fail = () => {
      reject(storeFailure);
    };
  });
  let isHeld = false;
  device.fault = (operation) => {
    if (isHeld || operation.kind !== kind || operation.phase !== "before") return undefined;
    isHeld = true;
    return gate;
  };
  return {
    fail: () => {
      fail();
    },
  };
};

/** Holds the store's next call of that kind back until it may go on, or fails. */
export const holdBack = (
  device: Device,
  kind: Kind,
): { readonly go: () => void; readonly fail: () => void } => {
  let settle: (error: unknown) => void = () => undefined;
  const gate = new Promise<void>((resolve, reject) => {
    settle = (error) => {
      device.fault = null;
      if (error === null) resolve();
      else reject(storeFailure);
    };
  });
  device.fault = (operation) =>
    operation.kind === kind && operation.phase === "before" ? gate : undefined;
  return {
    go: () => {
      settle(null);
    },
    fail: () => {
      settle(storeFailure);
    },
  };
};

/**
 * The process ends at the n-th moment before or after a write of its store: what the disk holds
 * then, null if it never came so far. Nothing is written after it.
 */
export const crashAt = (device: Device, moment: number): { readonly image: StoreImage | null } => {
  const left: { image: StoreImage | null } = { image: null };
  let moments = 0;
  device.fault = ({ kind, phase }) => {
    if (kind !== "write" && kind !== "appendJournal") return;
    moments += 1;
    if (moments === moment) left.image = device.image();
    if (phase === "before" && left.image !== null) throw storeFailure;
  };
  return left;
};

/** A disk that lost some of its segments or records. */
export const without = (
  image: StoreImage,
  table: "segments" | "journal",
  isLost: (index: number, count: number) => boolean,
): StoreImage => {
  const all = [...image[table]].sort(([a], [b]) => (a < b ? -1 : 1));
  const kept = all.filter((_, index) => !isLost(index, all.length));
  // A map of the same kind as it was.
  return { ...image, [table]: new Map(kept as [never, Uint8Array][]) };
};
