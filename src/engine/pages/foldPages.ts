/**
 * Changed documents into pages: each goes to the page that its id belongs to, which is then written
 * anew under another number, or to new pages where the ones around are full.
 */
import { pageWriteBytesTarget } from "../../core/base/limits.ts";
import type { ScopeId } from "../../core/base/types.ts";
import {
  compressPage,
  makePages,
  type DocumentsPage,
  type PageDocument,
} from "../../core/page/documentsPage.ts";
import { pageKinds, type DirectoryEntry } from "../../core/page/homeRecord.ts";
import type { Store, StoredPage } from "../../storage/store.ts";
import type { Changed } from "../documents.ts";
import type { PageCache } from "./pageCache.ts";

export interface FoldDeps {
  readonly scope: ScopeId;
  readonly store: Store;
  readonly cache: PageCache;
  /** How full a page is before another begins. */
  readonly pageBytes: number;
  readonly deflatesPages: boolean;
  readonly nextNumber: () => number;
  /** False: the home was read anew, so that nothing of this counts any more. */
  readonly isCurrent: () => boolean;
}

export interface FoldedPages {
  /** In the order of ids; what it names is stored, or among `pages`. */
  readonly directory: readonly DirectoryEntry[];
  /** Not stored yet. */
  readonly pages: readonly StoredPage[];
  /** Numbers of pages that others take the place of. */
  readonly removed: readonly number[];
}

/**
 * Stores what is too much for one transaction: under numbers that nothing names before the
 * directory does. null: the home was read anew meanwhile. Rejects with `DamagedPage`.
 */
export const foldPages = async (
  {
    changed,
    directory,
  }: { readonly changed: Changed; readonly directory: readonly DirectoryEntry[] },
  deps: FoldDeps,
): Promise<FoldedPages | null> => {
  const folded: DirectoryEntry[] = [];
  const removed: number[] = [];
  let pages: StoredPage[] = [];
  let bytes = 0;
  let from = 0;
  for (const group of groupsOf([...changed.keys()].sort(), directory, deps.pageBytes)) {
    const made = await foldGroup(group, changed, deps);
    if (made === null) return null;
    for (const entry of directory.slice(from, group.at)) folded.push(entry);
    from = group.at + (group.entry === null ? 0 : 1);
    if (group.entry !== null) removed.push(group.entry.number);
    for (const { entry, page } of made) {
      folded.push(entry);
      pages.push(page);
      bytes += entry.bytes;
    }
    if (bytes < pageWriteBytesTarget) continue;
    if (!deps.isCurrent()) return null;
    await deps.store.write({ pages, durability: "relaxed" });
    pages = [];
    bytes = 0;
  }
  for (const entry of directory.slice(from)) folded.push(entry);
  return { directory: folded, pages, removed };
};

/** Ids that go into one page, in order. */
interface Group {
  /** Index in the directory. */
  readonly at: number;
  /** The page there, to be written anew; null: new ones come before that index. */
  readonly entry: DirectoryEntry | null;
  readonly ids: string[];
}

const groupsOf = (
  ids: readonly string[],
  directory: readonly DirectoryEntry[],
  pageBytes: number,
): readonly Group[] => {
  const groups: Group[] = [];
  let at = -1;
  for (const id of ids) {
    for (let next = directory[at + 1]; next !== undefined && next.first <= id;) {
      at += 1;
      next = directory[at + 1];
    }
    const place = placeOf(id, at, directory, pageBytes);
    const last = groups.at(-1);
    if (last?.at === place.at && last.entry === place.entry) last.ids.push(id);
    else groups.push({ ...place, ids: [id] });
  }
  return groups;
};

/** `at`: the last page that begins at or before the id, or -1. */
const placeOf = (
  id: string,
  at: number,
  directory: readonly DirectoryEntry[],
  pageBytes: number,
): Pick<Group, "at" | "entry"> => {
  const [before, after] = [directory[at], directory[at + 1]];
  if (before !== undefined && (id <= before.last || before.bytes < pageBytes)) {
    return { at, entry: before };
  }
  if (after !== undefined && after.bytes < pageBytes) return { at: at + 1, entry: after };
  return { at: at + 1, entry: null };
};

interface Made {
  readonly entry: DirectoryEntry;
  readonly page: StoredPage;
}

/** null: the home was read anew, and its pages dropped, while one was loaded. */
const foldGroup = async (
  group: Group,
  changed: Changed,
  { scope, cache, pageBytes, deflatesPages, nextNumber, isCurrent }: FoldDeps,
): Promise<readonly Made[] | null> => {
  const { entry, ids } = group;
  const lease = entry === null ? null : await cache.load(scope, [entry.number]);
  try {
    if (!isCurrent()) return null;
    // Whoever is about to read the home anew drops its pages first, whether or not they are held
    const before = entry === null ? null : pageIn(cache, scope, entry.number);
    if (before === undefined) return null;
    const documents = mergeIds(before, ids, changed);
    return makePages(documents, before, pageBytes).map(({ bytes, ...made }): Made => {
      const number = nextNumber();
      const key = { scope, kind: pageKinds.documents, number };
      // The directory has the plain length: it tells how full a page is
      const entry = { number, ...made, bytes: bytes.length };
      return { entry, page: { key, bytes: deflatesPages ? compressPage(bytes) : bytes } };
    });
  } finally {
    lease?.release();
  }
};

const pageIn = (cache: PageCache, scope: ScopeId, number: number): DocumentsPage | undefined =>
  cache.use(scope, number)?.page;

/** The page's documents and the changed ones in order; those that are gone are left out. */
const mergeIds = (
  before: DocumentsPage | null,
  ids: readonly string[],
  changed: Changed,
): readonly PageDocument[] => {
  const merged: PageDocument[] = [];
  let at = 0;
  const addChanged = (id: string): void => {
    const state = changed.get(id) ?? null;
    if (state !== null) merged.push({ id, state });
  };
  before?.ids.forEach((id, index) => {
    for (let other = ids[at]; other !== undefined && other < id; other = ids[++at]) {
      addChanged(other);
    }
    if (!changed.has(id)) merged.push({ id, index });
  });
  for (const id of ids.slice(at)) addChanged(id);
  return merged;
};
