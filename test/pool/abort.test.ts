/** One signal for many runs: one listener, none when the last is over, and every run hears of it. */

import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { onAbort } from '../../src/pool/abort.ts';

const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

it('many calls share a listener', () => {
  const { signal } = new AbortController();
  const ends = Array.from({ length: 50 }, () => onAbort(signal, () => {}));
  expect(listeners(signal)).toBe(1);
  const [first, ...rest] = ends;
  for (const end of rest) end();
  expect(listeners(signal)).toBe(1);
  first();
  first();
  expect(listeners(signal)).toBe(0);
  onAbort(signal, () => {})();
  expect(listeners(signal)).toBe(0);
});

it('all that still listen are called, also where one stops another', () => {
  const stop = new AbortController();
  const heard: string[] = [];
  const ends = ['a', 'b', 'c'].map((name) =>
    onAbort(stop.signal, () => {
      heard.push(name);
      for (const end of ends) end();
    }),
  );
  onAbort(stop.signal, () => heard.push('never'))();
  stop.abort();
  expect(heard).toEqual(['a', 'b', 'c']);
  expect(listeners(stop.signal)).toBe(0);
});

it('calls at once when it is too late', () => {
  let calls = 0;
  onAbort(AbortSignal.abort(), () => calls++)();
  expect(calls).toBe(1);
});
