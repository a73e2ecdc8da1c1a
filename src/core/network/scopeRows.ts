/**
 * Headers by scope, as frontiers and acknowledgements name them (FORMATS.md §6):
 * [[scope, [[writer, n, H16 of the header that holds n], …]], …], no scope twice. Apart, because
 * frontiers belong to closed networks and acknowledgements to all.
 */
import { hexToBytes } from "../base/bytes.ts";
import { scopeIdOf } from "../base/ids.ts";
import { controlListMax, controlWritersMax } from "../base/limits.ts";
import type { ScopeId } from "../base/types.ts";
import type { CborItem } from "../cbor/item.ts";
import type { CborReader } from "../cbor/reader.ts";
import { expectCount, readList, readSized } from "../cbor/structures.ts";
import { readRow, rowToItem, type Row } from "../segment/header.ts";

export type ScopeRows = ReadonlyMap<ScopeId, readonly Row[]>;

export const scopeRowsToItem = (rows: ScopeRows): CborItem =>
  Array.from(rows, ([scope, ofScope]) => [hexToBytes(scope), ofScope.map(rowToItem)]);

/** Throws FormFault for any other shape. */
export const readScopeRows = (reader: CborReader): ScopeRows => {
  const rows = new Map<ScopeId, readonly Row[]>();
  const readScope = (): void => {
    expectCount(reader, 2);
    const scope = scopeIdOf(readSized(reader, 16));
    if (rows.has(scope)) reader.fail("wrongShape", "a scope twice");
    rows.set(
      scope,
      readList(reader, () => readRow(reader), controlWritersMax),
    );
  };
  readList(reader, readScope, controlListMax);
  return rows;
};
