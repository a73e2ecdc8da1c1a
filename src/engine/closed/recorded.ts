/**
 * What the chain of a closed network says sealed for its members: of collections, of names. Kept
 * beside what of it could be opened here.
 */
import { equalBytes } from "../../core/base/bytes.ts";

export interface Recorded<T> {
  /** Sealed. */
  readonly bytes: Uint8Array;
  /** null: it can not be read here. */
  readonly opened: T | null;
}

/** Opens what is new, and what could not be opened before: its key may have come. */
export const learnRecorded = async <K, T>(
  said: ReadonlyMap<K, Uint8Array>,
  known: Map<K, Recorded<T>>,
  open: (key: K, bytes: Uint8Array) => Promise<T | null>,
): Promise<void> => {
  for (const [key, bytes] of said) {
    const before = known.get(key);
    const isSame = before !== undefined && equalBytes(before.bytes, bytes);
    if (isSame && before.opened !== null) continue;
    known.set(key, { bytes, opened: await open(key, bytes) });
  }
};
