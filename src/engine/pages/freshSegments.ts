/**
 * Which stored segments of a scope no checkpoint holds yet: noted in the transaction that stores
 * them, so that an opening reads these and no others, however long the log is.
 */
import type { HeaderHash, ScopeId } from "../../core/base/types.ts";
import { encodeFresh, pageKinds, type FreshSegment } from "../../core/page/homeRecord.ts";
import type { ParsedSegment } from "../../core/segment/segment.ts";
import type { PageKey, StoredPage } from "../../storage/store.ts";

export class FreshSegments {
  private readonly scope: ScopeId;
  private readonly noted = new Map<number, readonly HeaderHash[]>();
  private nextNumber = 0;

  constructor(scope: ScopeId) {
    this.scope = scope;
  }

  get count(): number {
    return this.noted.size;
  }

  /** Goes into the transaction that stores them. */
  note(segments: readonly ParsedSegment[]): StoredPage {
    const number = this.nextNumber++;
    const fresh = segments.map(({ header, headerHash }) => ({
      writer: header.writer,
      first: header.first,
      header: headerHash,
    }));
    this.take(number, fresh);
    return { key: this.keyOf(number), bytes: encodeFresh(fresh) };
  }

  /** Noted by an earlier life. */
  take(number: number, fresh: readonly FreshSegment[]): void {
    this.noted.set(
      number,
      fresh.map(({ header }) => header),
    );
    this.nextNumber = Math.max(this.nextNumber, number + 1);
  }

  /** Notes whose segments are all delivered: a checkpoint made now holds them. */
  covered(isDelivered: (header: HeaderHash) => boolean): readonly number[] {
    return [...this.noted].filter(([, headers]) => headers.every(isDelivered)).map(([at]) => at);
  }

  forget(numbers: readonly number[]): void {
    for (const number of numbers) this.noted.delete(number);
  }

  keyOf(number: number): PageKey {
    return { scope: this.scope, kind: pageKinds.fresh, number };
  }
}
