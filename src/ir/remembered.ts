/** What is worked out of a thing that never changes, once. */

/** The measure, taken once of each thing: it may be asked for again and again. */
export const remembered = <K extends object, T>(measure: (of: K) => T): ((of: K) => T) => {
  const known = new WeakMap<K, T>();
  return (of) => {
    const found = known.get(of) ?? measure(of);
    known.set(of, found);
    return found;
  };
};
