/**
 * Disks whose pages hold documents that the log never made, in whole pages under right checksums:
 * what a bit that flipped in memory before it was stored leaves, or a version that merged wrongly.
 */
import { assert } from "../../src/core/base/result.ts";
import type { ScopeId } from "../../src/core/base/types.ts";
import { createDigest, stateHash } from "../../src/core/doc/digest.ts";
import type { DocumentState } from "../../src/core/doc/state.ts";
import { makePages, openPage, type PageDocument } from "../../src/core/page/documentsPage.ts";
import {
  decodeDirectory,
  decodeHomeRecord,
  encodeHomeRecord,
  homePages,
  pageKinds,
} from "../../src/core/page/homeRecord.ts";
import { pageKeyToText } from "../../src/storage/keys.ts";
import type { StoreImage } from "../../src/storage/memory.ts";

export interface WrongDocuments {
  readonly scope: ScopeId;
  /** Null: it is not there. Those that are not in a page are left out. */
  readonly documents: ReadonlyMap<string, DocumentState | null>;
  /** What the pages sum up to, or still what the right ones did, or nothing of the kind. */
  readonly digest: "of the wrong" | "of the right" | "of neither";
}

export const withWrongDocuments = (
  image: StoreImage,
  { scope, documents, digest: which }: WrongDocuments,
): StoreImage => {
  const pages = new Map(image.pages);
  const keyOf = (kind: number, number: number): string => pageKeyToText({ scope, kind, number });
  const read = (key: string): Uint8Array => {
    const bytes = pages.get(key);
    assert(bytes !== undefined, "a checkpoint has all its pages");
    return bytes;
  };
  const recordKey = keyOf(pageKinds.home, homePages.record);
  const record = decodeHomeRecord(read(recordKey));
  const directory = decodeDirectory(read(keyOf(pageKinds.home, homePages.directory)));
  assert(record.ok && directory.ok && record.value.digest !== null, "a shared home's checkpoint");
  const digest = createDigest(record.value.digest);
  for (const { number } of directory.value) {
    const key = keyOf(pageKinds.documents, number);
    const page = openPage(read(key));
    assert(page.ok, "a page that was just written");
    const inPage = page.value.ids.flatMap((id, index): readonly PageDocument[] => {
      const wrong = documents.get(id);
      if (wrong === undefined) return [{ id, index }];
      const [had, has] = [stateHash(page.value.stateAt(index)), stateHash(wrong)];
      if (had !== null) digest.subtract(had);
      if (has !== null) digest.add(has);
      return wrong === null ? [] : [{ id, state: wrong }];
    });
    const [made] = makePages(inPage, page.value, read(key).length * 4);
    assert(made !== undefined, "a document is left in the page");
    pages.set(key, made.bytes);
  }
  const digests = {
    "of the wrong": digest.bytes(),
    "of the right": record.value.digest,
    "of neither": new Uint8Array(32).fill(7),
  };
  pages.set(recordKey, encodeHomeRecord({ ...record.value, digest: digests[which] }));
  return { ...image, pages };
};
