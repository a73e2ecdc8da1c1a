/**
 * The documents of one scope: those that changed since the last checkpoint in memory, all others in
 * pages that are loaded when they are needed. What is asked for and not in memory is a `PageMiss`.
 */
import { stateOf, type EncodedInsert, type HeldDocument } from "../core/doc/insert.ts";
import { birthsOf, isAlive, isParked, type DocumentState } from "../core/doc/state.ts";
import type { Dot, ScopeId, WriterId } from "../core/base/types.ts";
import type { RowsWriter } from "../core/wire/rowsWriter.ts";
import type { DirectoryEntry } from "../core/page/homeRecord.ts";
import type { CachedPage, PageCache } from "./pages/pageCache.ts";
import { PageMiss } from "./pages/pageMiss.ts";
import { SortedIds } from "./sortedIds.ts";

/** What a checkpoint left of a scope. */
export interface StoredDocuments {
  readonly directory: readonly DirectoryEntry[];
  readonly living: number;
  readonly parked: number;
  /** How many births live of each writer. */
  readonly born: readonly Dot[];
}

/**
 * Documents that changed since the last checkpoint, as they are; null: there is no such document.
 */
export type Changed = ReadonlyMap<string, HeldDocument | null>;

/** Which documents are walked over, by rising id. */
export interface ScanRange {
  /** Those that live, and maybe some of the deleted. Default all. */
  readonly onlyLiving?: boolean;
  /** Those behind this id. */
  readonly after?: string | undefined;
  /** All pages are wanted from the start; false: the walk may end before. Default true. */
  readonly isWhole?: boolean;
}

/** Hot data: a class, one per scope. */
export class Documents {
  private readonly cache: PageCache;
  private readonly scope: ScopeId;
  private directory: readonly DirectoryEntry[];
  /** What no page holds: changed, or being written by a checkpoint. */
  private readonly held = new Map<string, HeldDocument | null>();
  private readonly heldIds = new SortedIds(this.held);
  /** Of these, what the last checkpoint does not know. */
  private changedIds = new Set<string>();
  private living: number;
  private parked: number;
  private readonly counted: Map<WriterId, number>;

  constructor(scope: ScopeId, cache: PageCache, stored: StoredDocuments | null = null) {
    this.cache = cache;
    this.scope = scope;
    this.directory = stored?.directory ?? [];
    this.living = stored?.living ?? 0;
    this.parked = stored?.parked ?? 0;
    this.counted = new Map(stored?.born.map(({ writer, n }) => [writer, n]));
  }

  /** Documents that are not deleted. */
  get livingCount(): number {
    return this.living;
  }

  /** Documents that need a newer version of the program. */
  get parkedCount(): number {
    return this.parked;
  }

  /** How many births live of each writer that has any. */
  get born(): ReadonlyMap<WriterId, number> {
    return this.counted;
  }

  /** How many changed since the last checkpoint. */
  get changedCount(): number {
    return this.changedIds.size;
  }

  /** Where the pages are, in the order of their ids. */
  get pages(): readonly DirectoryEntry[] {
    return this.directory;
  }

  get(id: string): DocumentState | null {
    return stateOf(this.peek(id));
  }

  /** The same, and what was inserted is not decoded for it. */
  peek(id: string): HeldDocument | null {
    const held = this.held.get(id);
    if (held !== undefined) return held;
    const entry = this.entryOf(id);
    return entry === null ? null : this.pageOf(entry).state(id);
  }

  /** As a row, if it stands in a page as it shows; false: nothing was written. */
  copyRow(id: string, writer: RowsWriter): boolean {
    if (this.held.has(id)) return false;
    const entry = this.entryOf(id);
    return entry !== null && this.pageOf(entry).copyRow(id, writer);
  }

  lives(id: string): boolean {
    return isAliveHeld(this.peek(id));
  }

  /** Throws one `PageMiss` for all that is missing of these. */
  need(ids: Iterable<string>): void {
    if (this.directory.length === 0) return;
    const missing = new Set<number>();
    for (const id of ids) {
      if (this.held.has(id)) continue;
      const entry = this.entryOf(id);
      if (entry !== null && !this.isHere(entry)) missing.add(entry.number);
    }
    if (missing.size > 0) throw this.miss([...missing]);
  }

  /** The same for all documents, or for those that live. */
  needAll(onlyLiving: boolean): void {
    const missing = this.directory.filter(
      (entry) => (entry.living > 0 || !onlyLiving) && !this.isHere(entry),
    );
    if (missing.length > 0) throw this.miss(missing.map(({ number }) => number));
  }

  /** null forgets the document: for taking back what was never durable. */
  put(id: string, state: DocumentState | null): void {
    const before = this.peek(id);
    this.living += Number(isAlive(state)) - Number(isAliveHeld(before));
    this.parked += Number(isParked(state)) - Number(isParkedHeld(before));
    this.countBirths(before, -1);
    this.countBirths(state, 1);
    this.hold(id, state);
    this.changedIds.add(id);
  }

  /** Where nothing was. */
  putNew(id: string, insert: EncodedInsert): void {
    this.living += 1;
    this.countBirths(insert, 1);
    this.hold(id, insert);
    this.changedIds.add(id);
  }

  /**
   * Ids rising by UTF-16 code units, those of deleted documents included unless only the living are
   * asked for; then some of the deleted may come all the same.
   */
  *ids(onlyLiving = false): Generator<string> {
    for (const { id } of this.places({ onlyLiving })) yield id;
  }

  sortedIds(): readonly string[] {
    return [...this.ids()];
  }

  /** The same, with their states. */
  *values(range: ScanRange = {}): Generator<DocumentState> {
    for (const { id, page, index } of this.places(range)) {
      const state = page === null ? this.get(id) : page.stateAt(index);
      if (state !== null) yield state;
    }
  }

  /** The next ones, for a walk in turns. */
  some(count: number, range: Omit<ScanRange, "isWhole">): readonly DocumentState[] {
    const taken: DocumentState[] = [];
    for (const state of this.values({ ...range, isWhole: false })) {
      if (taken.push(state) === count) break;
    }
    return taken;
  }

  /** What no page holds yet, or holds otherwise. */
  heldStates(): readonly DocumentState[] {
    return [...this.held.values()].flatMap((held) => stateOf(held) ?? []);
  }

  /** What one page holds and nothing has changed since. */
  statesIn(entry: DirectoryEntry): readonly DocumentState[] {
    const page = this.pageOf(entry);
    const { ids } = page.page;
    return ids.flatMap((id, index) => (this.held.has(id) ? [] : [page.stateAt(index)]));
  }

  /** Page by page, what is held in between: no id is looked up. */
  private *places({ onlyLiving = false, after, isWhole = true }: ScanRange): Generator<Place> {
    if (isWhole) this.needAll(onlyLiving);
    const held = this.heldIds.rising();
    const behind = (ids: readonly string[]): number =>
      after === undefined ? 0 : firstAbove(ids.length, (index) => ids[index] ?? "", after);
    let at = behind(held);
    const firstEntry = after === undefined ? 0 : this.entryAbove(after);
    for (let number = firstEntry; number < this.directory.length; number++) {
      const entry = this.directory[number];
      if (entry === undefined || (onlyLiving && entry.living === 0)) continue;
      if (!isWhole && !this.isHere(entry)) throw this.missFrom(number, number - firstEntry);
      const page = this.pageOf(entry);
      const { ids } = page.page;
      for (let index = number > firstEntry ? 0 : behind(ids); index < ids.length; index++) {
        const id = ids[index] ?? "";
        for (let other = held[at]; other !== undefined && other < id; other = held[++at]) {
          if (this.held.get(other) !== null) yield { id: other, page: null, index: 0 };
        }
        if (!this.held.has(id)) yield { id, page, index };
      }
    }
    for (; at < held.length; at++) {
      const id = held[at];
      if (id !== undefined && this.held.get(id) !== null) yield { id, page: null, index: 0 };
    }
  }

  /** What changed since the last call; a checkpoint takes it, and then settles or returns it. */
  takeChanged(): Changed {
    const taken = new Map<string, HeldDocument | null>();
    for (const id of this.changedIds) taken.set(id, this.held.get(id) ?? null);
    this.changedIds = new Set();
    return taken;
  }

  /** The pages hold it by now. What changed meanwhile stays. */
  settle(taken: Changed, directory: readonly DirectoryEntry[]): void {
    this.directory = directory;
    for (const [id, state] of taken) {
      if (!this.changedIds.has(id) && this.held.get(id) === state) this.held.delete(id);
    }
    this.heldIds.forget();
  }

  /** The checkpoint failed: it all is still to be written. */
  giveBack(taken: Changed): void {
    for (const id of taken.keys()) this.changedIds.add(id);
  }

  private countBirths(held: HeldDocument | null, by: 1 | -1): void {
    for (const { dot } of held?.kind === "insert" ? [held] : birthsOf(held)) {
      const left = (this.counted.get(dot.writer) ?? 0) + by;
      if (left === 0) this.counted.delete(dot.writer);
      else this.counted.set(dot.writer, left);
    }
  }

  private hold(id: string, state: HeldDocument | null): void {
    if (state === null && this.entryOf(id) === null) {
      if (this.held.delete(id)) this.heldIds.forget();
      return;
    }
    if (!this.held.has(id)) this.heldIds.note(id);
    this.held.set(id, state);
  }

  private entryOf(id: string): DirectoryEntry | null {
    const { directory } = this;
    // Most ids are new and come last
    if (id > (directory.at(-1)?.last ?? "")) return null;
    const after = firstAbove(directory.length, (at) => directory[at]?.first ?? "", id);
    const entry = directory[after - 1];
    return entry === undefined || id > entry.last ? null : entry;
  }

  /** The first page that holds ids behind this one. */
  private entryAbove(id: string): number {
    const { directory } = this;
    return firstAbove(directory.length, (at) => directory[at]?.last ?? "", id);
  }

  /** As many pages as were read before, so that a long walk misses few times. */
  private missFrom(first: number, read: number): PageMiss {
    const wanted = this.directory.slice(first, first + Math.max(pagesAtOnce, read));
    return this.miss(wanted.filter((entry) => !this.isHere(entry)).map(({ number }) => number));
  }

  private isHere({ number }: DirectoryEntry): boolean {
    return this.cache.get(this.scope, number) !== undefined;
  }

  private pageOf(entry: DirectoryEntry): CachedPage {
    const page = this.cache.use(this.scope, entry.number);
    if (page !== undefined) return page;
    throw this.miss([entry.number]);
  }

  private miss(numbers: readonly number[]): PageMiss {
    return new PageMiss(() => this.cache.load(this.scope, numbers));
  }
}

/** Where a document stands: in a page under an index, or, page null, in memory. */
interface Place {
  readonly id: string;
  readonly page: CachedPage | null;
  readonly index: number;
}

const pagesAtOnce = 4;

/** The index of the first text behind this one, among texts that rise. */
const firstAbove = (count: number, textAt: (index: number) => string, id: string): number => {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (textAt(middle) <= id) low = middle + 1;
    else high = middle;
  }
  return low;
};

const isAliveHeld = (held: HeldDocument | null): boolean =>
  held?.kind === "insert" || isAlive(held);

const isParkedHeld = (held: HeldDocument | null): boolean =>
  held?.kind !== "insert" && isParked(held);
