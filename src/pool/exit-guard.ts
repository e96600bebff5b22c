/** Keeps `process.exit` from tearing threads out of native code, which would abort the process. */

/** Threads that must come to rest before the process may end. */
export interface Guarded {
  /** Tells them to start nothing more. */
  stop(): void;
  /** Blocks this thread until they are at rest, or the deadline (as of `Date.now`) passes. */
  quiesce(deadline: number): void;
}

/** How long an exit waits for the tiles at work, in milliseconds. */
const EXIT_PATIENCE = 5000;

const active = new Set<Guarded>();

const onExit = (): void => {
  const deadline = Date.now() + EXIT_PATIENCE;
  // All are told to stop before any is waited for.
  for (const guarded of active) guarded.stop();
  for (const guarded of active) guarded.quiesce(deadline);
};

/** Until `unguard`, an exit of the process stops these threads and waits for them. */
export const guard = (guarded: Guarded): void => {
  if (active.size === 0) process.on('exit', onExit);
  active.add(guarded);
};

export const unguard = (guarded: Guarded): void => {
  active.delete(guarded);
  if (active.size === 0) process.off('exit', onExit);
};
