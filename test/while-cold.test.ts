/** What V8 compiles while code of ours runs for the first time, and that it compiles again afterwards. */

import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { expect, test } from 'vitest';
import { whileCold } from '../src/while-cold.ts';

setFlagsFromString('--allow-natives-syntax');
/** V8's own word, as bits. */
const statusOf = new Function('f', 'return %GetOptimizationStatus(f)') as (f: unknown) => number;
/** kOptimized and kTurboFanned, in Node 20 and later. */
const TURBOFAN = (1 << 4) | (1 << 6);

/** A function of its own, run until V8 compiles it, or for half a second. */
const isCompiledWhenHot = (): boolean => {
  const f = new Function('n', 'let s = 0; for (let i = 0; i < n; i++) s = (s * 31 + i) % 1000003; return s;') as (
    n: number,
  ) => number;
  const began = performance.now();
  while (performance.now() - began < 500) {
    for (let k = 0; k < 1000; k++) f(100);
    if ((statusOf(f) & TURBOFAN) === TURBOFAN) return true;
  }
  return false;
};

test('V8 compiles nothing more until enough of it has run, and all afterwards', () => {
  expect(isCompiledWhenHot()).toBe(true);
  const failure = new Error('from inside');
  expect(() =>
    whileCold(() => {
      throw failure;
    }),
  ).toThrow(failure);
  expect(isCompiledWhenHot()).toBe(true);
  expect(whileCold(() => whileCold(isCompiledWhenHot) || isCompiledWhenHot())).toBe(false);
  expect(isCompiledWhenHot()).toBe(true);
  // Two seconds in all are enough.
  for (let k = 0; k < 3; k++) whileCold(isCompiledWhenHot);
  expect(whileCold(isCompiledWhenHot)).toBe(true);
});
