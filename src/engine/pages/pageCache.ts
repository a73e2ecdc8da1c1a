/**
 * Pages in memory: one cache a database, bounded in bytes. What a turn is waiting for is held by
 * leases and is not let go before the turn ran; beyond that, pages go in the order in which they
 * were used last, and only while nobody is in the middle of a turn.
 */
import { decodedDocumentsMax, pageCacheBytesMax } from "../../core/base/limits.ts";
import { assert } from "../../core/base/result.ts";
import type { ScopeId } from "../../core/base/types.ts";
import { FormFault } from "../../core/cbor/form.ts";
import type { DocumentState } from "../../core/doc/state.ts";
import { openPage, plainByteCount, type DocumentsPage } from "../../core/page/documentsPage.ts";
import { pageKinds } from "../../core/page/homeRecord.ts";
import type { RowsWriter } from "../../core/wire/rowsWriter.ts";
import type { Store } from "../../storage/store.ts";
import { DamagedPage, PageMiss, type PageLease } from "./pageMiss.ts";

export interface PageCacheDeps {
  readonly store: Pick<Store, "pages">;
  /** Of opened pages. Default `pageCacheBytesMax`. */
  readonly bytesMax?: number;
  /** A page is there and can not be understood. */
  readonly damaged: (scope: ScopeId, number: number, reason: string) => void;
}

/** One page; it is opened, and a document decoded, when it is first asked for. */
export class CachedPage {
  readonly byteCount: number;
  leases = 0;
  usedAt = 0;
  /** Loaded from the store for a turn that has not used it yet. */
  isAwaited = false;
  private readonly decoded: (DocumentState | undefined)[] = [];
  private readonly counts: { decoded: number };
  private readonly damaged: (reason: string) => DamagedPage;
  private bytes: Uint8Array | null;
  private opened: DocumentsPage | null = null;

  constructor(
    bytes: Uint8Array,
    counts: { decoded: number },
    damaged: (reason: string) => DamagedPage,
  ) {
    this.bytes = bytes;
    this.byteCount = plainByteCount(bytes);
    this.counts = counts;
    this.damaged = damaged;
  }

  get page(): DocumentsPage {
    if (this.opened !== null) return this.opened;
    const opened = openPage(this.bytes ?? new Uint8Array());
    if (!opened.ok) throw this.miss(opened.error);
    this.bytes = null;
    this.opened = opened.value;
    return opened.value;
  }

  get decodedCount(): number {
    return this.decoded.reduce((count, state) => (state === undefined ? count : count + 1), 0);
  }

  /** null: it is not in this page. */
  state(id: string): DocumentState | null {
    const index = this.page.indexOf(id);
    return index < 0 ? null : this.stateAt(index);
  }

  /** False: it is not here, or not so that it can be copied. */
  copyRow(id: string, writer: RowsWriter): boolean {
    const index = this.page.indexOf(id);
    if (index < 0) return false;
    try {
      return this.page.copyRow(index, writer);
    } catch (error) {
      throw error instanceof FormFault ? this.miss(error.message) : error;
    }
  }

  stateAt(index: number): DocumentState {
    const known = this.decoded[index];
    if (known !== undefined) return known;
    const state = this.read(index);
    if (this.counts.decoded < decodedDocumentsMax) {
      this.counts.decoded += 1;
      this.decoded[index] = state;
    }
    return state;
  }

  /** The page passed its checksum, so it is a page of another program, or a mistake of this one. */
  private read(index: number): DocumentState {
    try {
      return this.page.stateAt(index);
    } catch (error) {
      if (!(error instanceof FormFault)) throw error;
      throw this.miss(error.message);
    }
  }

  private miss(reason: string): PageMiss {
    const damage = this.damaged(reason);
    return new PageMiss(() => Promise.reject(damage));
  }
}

export class PageCache {
  private readonly deps: PageCacheDeps;
  private readonly scopes = new Map<ScopeId, Map<number, CachedPage>>();
  private readonly loading = new Map<string, { page: Promise<CachedPage>; leases: number }>();
  private readonly counts = { decoded: 0 };
  private bytes = 0;
  private uses = 0;
  private hits = 0;
  private misses = 0;

  constructor(deps: PageCacheDeps) {
    this.deps = deps;
  }

  /** Undefined: it has to be loaded. */
  get(scope: ScopeId, number: number): CachedPage | undefined {
    const page = this.scopes.get(scope)?.get(number);
    if (page !== undefined) page.usedAt = ++this.uses;
    return page;
  }

  /** The same for a turn that reads it: what was loaded for that turn was no hit. */
  use(scope: ScopeId, number: number): CachedPage | undefined {
    const page = this.get(scope, number);
    if (page === undefined) return undefined;
    if (page.isAwaited) page.isAwaited = false;
    else this.hits += 1;
    return page;
  }

  /** Bytes of opened pages, for reports. */
  get byteCount(): number {
    return this.bytes;
  }

  get hitCount(): number {
    return this.hits;
  }

  /** Pages that the store was read for. */
  get missCount(): number {
    return this.misses;
  }

  /**
   * Rejects with `DamagedPage` where one of them can not be read; the others are in memory then.
   */
  async load(scope: ScopeId, numbers: readonly number[]): Promise<PageLease> {
    this.trim();
    const held: CachedPage[] = [];
    const awaited: Promise<CachedPage>[] = [];
    const missing: number[] = [];
    for (const number of numbers) {
      const page = this.get(scope, number);
      if (page === undefined) missing.push(number);
      else held.push(page);
    }
    for (const page of held) page.leases += 1;
    this.ask(
      scope,
      missing.filter((number) => !this.loading.has(keyOf(scope, number))),
    );
    for (const number of missing) {
      const loading = this.loading.get(keyOf(scope, number));
      assert(loading !== undefined, "what is not in memory is being loaded");
      // Counted before it is there: nobody can let go of it in between
      loading.leases += 1;
      awaited.push(loading.page);
    }
    const release = (): void => {
      for (const page of held.splice(0)) page.leases -= 1;
    };
    const outcomes = await Promise.allSettled(awaited);
    for (const outcome of outcomes) if (outcome.status === "fulfilled") held.push(outcome.value);
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed === undefined) return { release };
    release();
    throw failed.reason;
  }

  /** A page that was just written: likely to be read soon. */
  put(scope: ScopeId, number: number, bytes: Uint8Array): void {
    this.trim();
    this.add(scope, number, bytes);
  }

  /** They are no pages of the scope any more. */
  drop(scope: ScopeId, numbers: readonly number[]): void {
    const pages = this.scopes.get(scope);
    for (const number of numbers) {
      const page = pages?.get(number);
      if (page === undefined) continue;
      pages?.delete(number);
      this.forget(page);
    }
  }

  dropScope(scope: ScopeId): void {
    this.drop(scope, [...(this.scopes.get(scope)?.keys() ?? [])]);
    this.scopes.delete(scope);
  }

  private forget(page: CachedPage): void {
    this.bytes -= page.byteCount;
    this.counts.decoded -= page.decodedCount;
  }

  /** One reading of the store for all of them. */
  private ask(scope: ScopeId, numbers: readonly number[]): void {
    if (numbers.length === 0) return;
    this.misses += numbers.length;
    const keys = numbers.map((number) => ({ scope, kind: pageKinds.documents, number }));
    const reading = this.deps.store.pages(keys);
    numbers.forEach((number, index) => {
      const key = keyOf(scope, number);
      const page = reading.then((pages) => this.open(scope, number, pages[index] ?? null));
      this.loading.set(key, { page, leases: 0 });
      const done = (): void => {
        this.loading.delete(key);
      };
      page.then(done, done);
    });
  }

  private open(scope: ScopeId, number: number, bytes: Uint8Array | null): CachedPage {
    // What is not there was listed by the store, or is a mistake that only the log can mend
    if (bytes === null) throw new DamagedPage(scope);
    const page = this.add(scope, number, bytes);
    page.leases = this.loading.get(keyOf(scope, number))?.leases ?? 0;
    page.isAwaited = true;
    return page;
  }

  private add(scope: ScopeId, number: number, bytes: Uint8Array): CachedPage {
    const page = new CachedPage(bytes, this.counts, (reason) => {
      this.deps.damaged(scope, number, reason);
      return new DamagedPage(scope);
    });
    page.usedAt = ++this.uses;
    const pages = this.scopes.get(scope) ?? new Map<number, CachedPage>();
    this.scopes.set(scope, pages);
    pages.set(number, page);
    this.bytes += page.byteCount;
    return page;
  }

  /** Down to four fifths, so that not every load has to look for the oldest. */
  private trim(): void {
    const bytesMax = this.deps.bytesMax ?? pageCacheBytesMax;
    if (this.bytes <= bytesMax) return;
    const idle = [...this.scopes].flatMap(([scope, pages]) =>
      [...pages].filter(([, page]) => page.leases === 0).map((entry) => [scope, ...entry] as const),
    );
    idle.sort(([, , a], [, , b]) => a.usedAt - b.usedAt);
    for (const [scope, number] of idle) {
      if (this.bytes <= bytesMax * 0.8) return;
      this.drop(scope, [number]);
    }
  }
}

const keyOf = (scope: ScopeId, number: number): string => `${scope}/${String(number)}`;
