/**
 * Which incarnation of this device wrote last in a scope, and up to where: noted in the meta data
 * whenever a segment of it is stored, so that an opening can tell whether its log still ends there.
 *
 * `writer/<scope>` = [1, writer 16, hash of its last header 32 or nil]
 */
import { hexToBytes } from "../core/base/bytes.ts";
import { headerHashOf, writerIdOf } from "../core/base/ids.ts";
import type { HeaderHash, WriterId } from "../core/base/types.ts";
import { decodeCbor, encodeCbor, type CborItem } from "../core/cbor/item.ts";
import type { Home } from "./home.ts";
import type { MetaChange } from "./device.ts";

export interface PresentWriter {
  readonly writer: WriterId;
  /** null: nothing of it is cut. */
  readonly head: HeaderHash | null;
}

/** What is to be noted; `head`: what it will be once the transaction is done. */
export const presentChange = (
  { scope, writer }: Home,
  head: HeaderHash | null = writer?.head ?? null,
): MetaChange => {
  const hash = head === null ? null : hexToBytes(head);
  return [keyOf(scope), writer === null ? null : encodeCbor([1, hexToBytes(writer.id), hash])];
};

/** null: none is noted, or not so that it can be read; then a new incarnation begins. */
export const readPresent = (
  { scope }: Home,
  meta: ReadonlyMap<string, Uint8Array>,
): PresentWriter | null => {
  const bytes = meta.get(keyOf(scope));
  if (bytes === undefined) return null;
  const item = decodeCbor(bytes, { bytesMax: 64, depthMax: 1, itemsMax: 4 });
  const fields: CborItem = item.ok ? item.value : null;
  if (typeof fields !== "object" || fields === null || fields instanceof Uint8Array) return null;
  const [version, writer, head] = fields;
  if (version !== 1 || !(writer instanceof Uint8Array)) return null;
  return {
    writer: writerIdOf(writer),
    head: head instanceof Uint8Array ? headerHashOf(head) : null,
  };
};

/** Whether the writer's log ends where it is said to, and nowhere else. */
export const endsAt = ({ tree }: Home, { writer, head }: PresentWriter): boolean => {
  const heads = tree.headsOf(writer);
  return head === null ? heads.length === 0 : heads.length === 1 && heads[0]?.hash === head;
};

const keyOf = (scope: string): string => `writer/${scope}`;
