/**
 * Commands by their ids, as many as are likely to be asked again: a repeat answers with the first
 * result. Results stand in the journal first; when it is let go they are noted in the meta data, in
 * the same transaction.
 *
 * `commands` = [1, [[command id, [count, …]], …]], the oldest first
 */
import { recentCommandsBytesMax, recentCommandsMax } from "../core/base/limits.ts";
import type { CborItem } from "../core/cbor/item.ts";
import { decodeCbor, encodeCbor } from "../core/cbor/item.ts";
import type { WriteResult } from "../core/wire/requests.ts";

export interface Commands {
  /** The first answer to a command; `run` gives it where there is none yet. */
  once(commandId: string, run: () => Promise<WriteResult>): Promise<WriteResult>;
  /** Whether a command was asked for before, and did not fail. */
  has(commandId: string): boolean;
  /** The command is durable, or changed nothing: this is its answer for good. */
  answered(commandId: string, counts: readonly number[]): void;
  /** For the meta data. */
  encode(): Uint8Array;
}

/** The meta data's name for them. */
export const commandsKey = "commands";

/** `stored`: what `encode` gave once; what can not be read is forgotten. */
export const createCommands = (stored: Uint8Array | undefined): Commands => {
  const running = new Map<string, Promise<WriteResult>>();
  const results = new Map(stored === undefined ? [] : decodeResults(stored));

  return {
    once(commandId, run) {
      const counts = results.get(commandId);
      if (counts !== undefined) return Promise.resolve({ counts });
      const before = running.get(commandId);
      if (before !== undefined) return before;
      // A command that failed left nothing, so its repeat is tried anew.
      const result = run().finally(() => running.delete(commandId));
      running.set(commandId, result);
      return result;
    },
    has: (commandId) => results.has(commandId) || running.has(commandId),
    answered(commandId, counts) {
      // The engine's own commits are nobody's commands.
      if (commandId === "") return;
      results.set(commandId, counts);
      const [oldest] = results.keys();
      if (results.size > recentCommandsMax && oldest !== undefined) results.delete(oldest);
    },
    encode: () => encodeResults([...results]),
  };
};

type Result = readonly [commandId: string, counts: readonly number[]];

/** A transaction of thousands of writes has as many counts, so the bytes are bounded as well. */
const encodeResults = (results: readonly Result[]): Uint8Array => {
  let bytes = 0;
  const kept = results.toReversed().filter((result) => {
    bytes += encodeCbor(itemOf(result)).length;
    return bytes <= recentCommandsBytesMax;
  });
  return encodeCbor([1, kept.reverse().map(itemOf)]);
};

const itemOf = ([commandId, counts]: Result): CborItem => [commandId, counts];

const decodeResults = (stored: Uint8Array): readonly Result[] => {
  const caps = { bytesMax: stored.length, depthMax: 4, itemsMax: stored.length };
  const item = decodeCbor(stored, caps);
  const [version, results] = item.ok ? listOf(item.value) : [];
  return version === 1 ? listOf(results).flatMap(resultOf) : [];
};

const resultOf = (item: CborItem): readonly Result[] => {
  const [commandId, counts] = listOf(item);
  if (typeof commandId !== "string") return [];
  return [[commandId, listOf(counts).filter((count) => typeof count === "number")]];
};

const listOf = (item: CborItem | undefined): readonly CborItem[] =>
  typeof item === "object" && item !== null && !(item instanceof Uint8Array) ? item : [];
