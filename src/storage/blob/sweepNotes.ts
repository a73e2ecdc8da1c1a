/**
 * Since when sweeps have seen a blob without a reference: kept, since a device may never be on for
 * 24 hours at a stretch. An envelope around CBOR [hash, milliseconds, hash, …].
 */
import { bytesToHex, hexToBytes } from "../../core/base/bytes.ts";
import { decodeCbor, encodeCbor, type CborItem } from "../../core/cbor/item.ts";
import { openEnvelope, sealEnvelope } from "../envelope.ts";

export type SweepNotes = ReadonlyMap<string, number>;

export const encodeNotes = (notes: SweepNotes): Uint8Array =>
  sealEnvelope(
    encodeCbor([...notes].slice(0, notesMax).flatMap(([hash, since]) => [hexToBytes(hash), since])),
  );

/** Those beyond are noted when these are gone. */
const notesMax = 100_000;

/** Damaged ones are none: what they would have said is noted again, and waits a day more. */
export const decodeNotes = (bytes: Uint8Array | null): SweepNotes => {
  const notes = new Map<string, number>();
  const opened = openEnvelope(bytes);
  if (!opened.ok) return notes;
  const caps = { bytesMax: opened.value.length, depthMax: 1, itemsMax: Infinity };
  const decoded = decodeCbor(opened.value, caps);
  if (!decoded.ok || !Array.isArray(decoded.value)) return notes;
  const items: readonly CborItem[] = decoded.value;
  for (const [index, hash] of items.entries()) {
    const since = items[index + 1];
    if (index % 2 === 0 && hash instanceof Uint8Array && typeof since === "number") {
      notes.set(bytesToHex(hash), since);
    }
  }
  return notes;
};
