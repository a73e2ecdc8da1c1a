/**
 * What this device wrote in a network and nobody accepts, since its right to write ended before:
 * set aside as segments, so that the journal can be let go, and written anew where it has the right
 * again. Apart from `closed/aside.ts`, since an opening must know that it is not lost.
 *
 * `aside/<scope>/<header hash>` = [1, whether it is to be written anew at once, segment bstr]
 *
 * `dropped/<scope>` = 1: logs of others that count no more went from the store, and what this
 * device built on them is still among its segments, where nothing can deliver it.
 */
import type { HeaderHash, ScopeId } from "../core/base/types.ts";
import { encodeCbor } from "../core/cbor/item.ts";
import { expectCount, readWhole } from "../core/cbor/structures.ts";
import { parseSegment } from "../core/segment/segment.ts";
import type { MetaChange } from "./device.ts";

export interface AsideSegment {
  readonly header: HeaderHash;
  readonly bytes: Uint8Array;
  /** This device has the right again: a crash came between. */
  readonly isDue: boolean;
}

/** What people are told of all that nobody accepts. */
export interface NotAccepted {
  readonly operations: number;
  /** Ids, the first ones. */
  readonly documents: readonly string[];
}

/** One that can not be read is left out: it was this device's alone. */
export const asideIn = (
  scope: ScopeId,
  meta: ReadonlyMap<string, Uint8Array>,
): readonly AsideSegment[] =>
  [...meta].flatMap(([key, value]) => {
    if (!key.startsWith(prefixOf(scope))) return [];
    const read = readWhole(value, (reader) => {
      expectCount(reader, 3);
      if (reader.readUint() !== 1) reader.fail("unsupported", "another version");
      return { isDue: reader.readBoolean(), bytes: reader.readBytes() };
    });
    const parsed = read.ok ? parseSegment(read.value.bytes) : null;
    if (!read.ok || parsed?.ok !== true) return [];
    return [{ header: parsed.value.headerHash, ...read.value }];
  });

export const asideChange = (scope: ScopeId, { header, isDue, bytes }: AsideSegment): MetaChange => [
  prefixOf(scope) + header,
  encodeCbor([1, isDue, bytes]),
];

export const notAside = (scope: ScopeId, { header }: AsideSegment): MetaChange => [
  prefixOf(scope) + header,
  null,
];

export const isDroppedIn = (scope: ScopeId, meta: ReadonlyMap<string, Uint8Array>): boolean =>
  meta.has(droppedKey(scope));

export const droppedChange = (scope: ScopeId, isDropped: boolean): MetaChange => [
  droppedKey(scope),
  isDropped ? encodeCbor(1) : null,
];

const droppedKey = (scope: ScopeId): string => `dropped/${scope}`;

const prefixOf = (scope: ScopeId): string => `aside/${scope}/`;
