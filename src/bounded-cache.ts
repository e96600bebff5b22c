/** A cache of at most so many entries; the one used least recently goes first. */

export class BoundedCache<T> {
  readonly #entries = new Map<string, T>();
  readonly #limit: number;
  readonly #onEvict: ((value: T) => void) | undefined;

  constructor(limit: number, onEvict?: (value: T) => void) {
    this.#limit = limit;
    this.#onEvict = onEvict;
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
    if (this.#entries.size > this.#limit) {
      const [oldest, value] = this.#entries.entries().next().value as [string, T];
      this.#entries.delete(oldest);
      this.#onEvict?.(value);
    }
    return made;
  }
}
