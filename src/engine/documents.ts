/**
 * The documents of one scope in memory, by id, with their ids in order. Ids mostly arrive rising
 * (UUIDv7), so keeping them in order is usually a push; otherwise they are sorted when next needed.
 */
import { isParked, type DocumentState } from "../core/doc/state.ts";

/** Hot data: a class, one per scope. */
export class Documents {
  private readonly states = new Map<string, DocumentState>();
  private ids: string[] = [];
  private sorted = true;
  private parked = 0;

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
    this.parked += Number(isParked(state)) - Number(isParked(this.get(id)));
    if (state === null) {
      if (this.states.delete(id)) this.ids = this.ids.filter((one) => one !== id);
      return;
    }
    if (!this.states.has(id)) this.note(id);
    this.states.set(id, state);
  }

  /** Rising by UTF-16 code units, deleted documents included. */
  sortedIds(): readonly string[] {
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
    this.parked = 0;
  }

  private note(id: string): void {
    const last = this.ids.at(-1);
    if (last !== undefined && last > id) this.sorted = false;
    this.ids.push(id);
  }
}
