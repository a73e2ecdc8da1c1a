/**
 * The ids of a map in order. Ids mostly arrive rising (UUIDv7), so keeping them in order is usually
 * a push; otherwise they are sorted when next needed.
 */
export class SortedIds {
  private readonly map: ReadonlyMap<string, unknown>;
  private ids: string[] = [];
  private isSorted = true;
  /** Some are gone from the map, and not from here yet. */
  private isStale = false;

  constructor(map: ReadonlyMap<string, unknown>) {
    this.map = map;
  }

  /** An id that comes into the map. */
  note(id: string): void {
    const last = this.ids.at(-1);
    if (last !== undefined && last > id) this.isSorted = false;
    this.ids.push(id);
  }

  /** Ids went from the map: one look at it for all of them, when next needed. */
  forget(): void {
    this.isStale = true;
  }

  /** By UTF-16 code units. */
  rising(): readonly string[] {
    if (this.isStale) {
      this.ids = [...this.map.keys()];
      this.isStale = false;
      this.isSorted = false;
    }
    if (!this.isSorted) {
      this.ids.sort((a, b) => (a < b ? -1 : 1));
      this.isSorted = true;
    }
    return this.ids;
  }
}
