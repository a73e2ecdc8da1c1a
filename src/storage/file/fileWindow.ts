/**
 * Reading a file from front to back in large steps, small pieces at a time: opening a store looks
 * at each of its records, and a call to the system for each would cost more than all the rest.
 */

/** Up to `length` bytes from `at`, fewer where the file ends. */
export type ReadAt = (at: number, length: number) => Promise<Uint8Array>;

/** What it returns is a view of bytes that others see too: to be read only. */
export const createWindow = (readAt: ReadAt, windowBytes: number): ReadAt => {
  let start = 0;
  let held: Uint8Array = new Uint8Array();
  return async (at, length) => {
    const isHeld = at >= start && at + length <= start + held.length;
    if (!isHeld) {
      held = await readAt(at, Math.max(length, windowBytes));
      start = at;
    }
    return held.subarray(at - start, at - start + length);
  };
};
