/** Keeps V8 from compiling code of ours that runs for the first time, for as long as that costs more than it gives. */

import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';

/**
 * Milliseconds of recording, planning and compiling in this process, after which V8 may compile it: its compiler takes
 * about as much processor time for all of it, which pays only where as much again follows. On two cores that slows
 * `heat`'s first call down from 0.26 s to 0.58.
 */
const ENOUGH_MS = 2000;

/** Whoever starts Node with flags of V8's tiers wants these. */
const isTuned = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].some((text) =>
  /--(no-?)?(opt|turbofan|maglev|sparkplug|jitless|lite-mode|single-threaded|stress)/.test(text),
);

let spent = isTuned ? Number.POSITIVE_INFINITY : 0;
let isInside = false;

/** Runs a step, which must be synchronous. What V8 has compiled before stays compiled. */
export const whileCold = <T>(step: () => T): T => {
  if (isInside || spent >= ENOUGH_MS) return step();
  const began = performance.now();
  isInside = true;
  setFlagsFromString('--no-opt');
  try {
    return step();
  } finally {
    setFlagsFromString('--opt');
    isInside = false;
    spent += performance.now() - began;
  }
};
