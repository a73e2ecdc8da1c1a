/**
 * Nonces of the proposals that a chain holds, up to one of its records: each record has its own
 * set, and a copy for each would need memory that grows with the square of the records. The sets of
 * one line share a map of nonces to their places; a branch begins with a copy.
 */
export class Nonces {
  readonly #places: Map<string, number>;
  readonly #size: number;

  private constructor(places: Map<string, number>, size: number) {
    this.#places = places;
    this.#size = size;
  }

  static of(nonce: string): Nonces {
    return new Nonces(new Map([[nonce, 0]]), 1);
  }

  has(nonce: string): boolean {
    return (this.#places.get(nonce) ?? this.#size) < this.#size;
  }

  /** This set stays as it is. */
  with(nonce: string): Nonces {
    const isTip = this.#places.size === this.#size;
    const line = isTip ? this.#places : new Map([...this.#places].slice(0, this.#size));
    line.set(nonce, this.#size);
    return new Nonces(line, this.#size + 1);
  }
}
