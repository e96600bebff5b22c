/** Arguments that make no sense. */

export class UsageError extends Error {}

/** The names given, if all are among those that there are. */
export const checked = (names: readonly string[], known: Readonly<Record<string, unknown>>, what: string): void => {
  const unknown = names.filter((name) => !Object.hasOwn(known, name));
  if (unknown.length === 0) return;
  throw new UsageError(`no ${what} ${unknown.join(', ')}; there are ${Object.keys(known).join(', ')}`);
};
