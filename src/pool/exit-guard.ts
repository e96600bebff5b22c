/** Keeps `process.exit` from tearing threads out of native code, which would abort the process. */

import type { Control } from './control.ts';

/** How long an exit waits for the tiles at work, in milliseconds. */
const EXIT_PATIENCE = 5000;

const active = new Set<Control>();

const onExit = (): void => {
  const deadline = Date.now() + EXIT_PATIENCE;
  // All are told to stop before any is waited for.
  for (const control of active) control.stop();
  for (const control of active) control.quiesce(deadline);
};

/** Until `unguard`, an exit of the process stops this run and waits for its threads to leave native code. */
export const guard = (control: Control): void => {
  if (active.size === 0) process.on('exit', onExit);
  active.add(control);
};

export const unguard = (control: Control): void => {
  active.delete(control);
  if (active.size === 0) process.off('exit', onExit);
};
