/** A cache of at most so many entries; the one used least recently goes first. */

export class BoundedCache<T> {
  readonly #entries = new Map<string, T>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  getOrMake(key: string, make: () => T): T {
    const found = this.#entries.get(key);
    if (found !== undefined) {
      // Map keeps insertion order: taking it out and in again makes it the newest.
      this.#entries.delete(key);
      this.#entries.set(key, found);
      return found;
    }
    const made = make();
    this.#entries.set(key, made);
    if (this.#entries.size > this.#limit) this.#entries.delete(this.#entries.keys().next().value as string);
    return made;
  }
}
