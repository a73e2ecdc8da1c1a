/**
 * Extension lists: `[[id, critical?, bytes], …]`, the room that certificates, openings and headers
 * keep for later versions. Apart, because all three carry the same shape. No extension is known
 * yet.
 */
import type { CborItem } from "../cbor/item.ts";
import type { CborReader } from "../cbor/reader.ts";

export interface Extension {
  readonly id: number;
  /** Whoever does not know a critical one must not act on what carries it. */
  readonly critical: boolean;
  readonly bytes: Uint8Array;
}

export const extensionsToItem = (extensions: readonly Extension[]): CborItem =>
  extensions.map(({ id, critical, bytes }) => [id, critical, bytes]);

/** Throws FormFault for any other shape. */
export const readExtensions = (reader: CborReader): readonly Extension[] => {
  const extensions: Extension[] = [];
  for (let left = reader.readArrayHead(); left > 0; left--) {
    if (reader.readArrayHead() !== 3) reader.fail("wrongShape", "an extension has three parts");
    extensions.push({
      id: reader.readUint(),
      critical: reader.readBoolean(),
      bytes: reader.readBytes(),
    });
  }
  return extensions;
};

/** Whether a newer version is needed to act on what carries these. */
export const hasUnknownCritical = (extensions: readonly Extension[]): boolean =>
  extensions.some(({ critical }) => critical);
