/**
 * The documents of one scope in memory, by id, with their ids in order. Ids mostly arrive rising
 * (UUIDv7), so keeping them in order is usually a push; otherwise they are sorted when next needed.
 */
import { isAlive, isParked, type DocumentState } from "../core/doc/state.ts";

/** Hot data: a class, one per scope. */
export class Documents {
  private readonly states = new Map<string, DocumentState>();
  private ids: string[] = [];
  private sorted = true;
  /** Documents were forgotten, and their ids not yet. */
  private stale = false;
  private parked = 0;
  private living = 0;

  /** Documents that are not deleted. */
  get livingCount(): number {
    return this.living;
  }

  /** Documents that need a newer version of the program. */
  get parkedCount(): number {
    return this.parked;
  }

  get size(): number {
    return this.states.size;
  }

  get(id: string): DocumentState | null {
    return this.states.get(id) ?? null;
  }

  /** null forgets the document: for taking back what was never durable. */
  put(id: string, state: DocumentState | null): void {
    const before = this.get(id);
    this.living += Number(isAlive(state)) - Number(isAlive(before));
    this.parked += Number(isParked(state)) - Number(isParked(before));
    if (state === null) {
      // Taking back a bulk insert forgets thousands: one look at the list for all of them.
      if (this.states.delete(id)) this.stale = true;
      return;
    }
    if (before === null) this.note(id);
    this.states.set(id, state);
  }

  /** Rising by UTF-16 code units, deleted documents included. */
  sortedIds(): readonly string[] {
    if (this.stale) {
      this.ids = [...this.states.keys()];
      this.stale = false;
      this.sorted = false;
    }
    if (!this.sorted) {
      this.ids.sort((a, b) => (a < b ? -1 : 1));
      this.sorted = true;
    }
    return this.ids;
  }

  values(): IterableIterator<DocumentState> {
    return this.states.values();
  }

  clear(): void {
    this.states.clear();
    this.ids = [];
    this.sorted = true;
    this.stale = false;
    this.parked = 0;
    this.living = 0;
  }

  private note(id: string): void {
    const last = this.ids.at(-1);
    if (last !== undefined && last > id) this.sorted = false;
    this.ids.push(id);
  }
}
