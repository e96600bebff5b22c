/** Which tiles workers claim: each once, in order, or each worker in a part of its own. */

import { describe, expect, test } from 'vitest';
import { Control } from '../../src/pool/control.ts';

/** A worker's own view of a run. */
const seenBy = (control: Control): Control => new Control(control.slots, control.tiles, control.window, control.buffer);

const divided = (slots: number, tiles: number): Control => {
  const control = new Control(slots, tiles, Number.POSITIVE_INFINITY);
  control.divide();
  return control;
};

describe('divided', () => {
  test('workers begin apart and go on side by side', () => {
    const control = divided(2, 8);
    const [a, b] = [seenBy(control), seenBy(control)];
    expect([a.claim(0), b.claim(1), a.claim(0), b.claim(1)]).toEqual([0, 4, 1, 5]);
  });

  test('who is through with his part helps the others, and each tile is claimed once', () => {
    const control = divided(3, 10);
    const workers = [0, 1, 2].map(() => seenBy(control));
    const claims = [2, 2, 2, 2, 0, 2, 1, 2, 2, 2].map((slot) => workers[slot].claim(slot));
    expect(claims).toEqual([6, 7, 8, 9, 0, 1, 3, 2, 4, 5]);
    expect(workers.map((worker, slot) => worker.claim(slot))).toEqual(['none', 'none', 'none']);
    expect(control.hasOpen).toBe(false);
  });

  test('a worker in the place of one that died finds what is open', () => {
    const control = divided(2, 6);
    const [a, b] = [seenBy(control), seenBy(control)];
    expect([a.claim(0), b.claim(1), b.claim(1)]).toEqual([0, 3, 4]);
    expect(control.claimedBy(1)).toEqual([3, 4]);
    expect(seenBy(control).claim(1)).toBe(5);
    expect(seenBy(control).claim(1)).toBe(1);
  });

  test('more workers than tiles', () => {
    const control = divided(4, 2);
    expect([0, 1, 2].map((slot) => seenBy(control).claim(slot))).toEqual([0, 1, 'none']);
  });
});

test('blocks that a consumer takes one by one go out in order, a window of them at a time', () => {
  const control = new Control(2, 6, 3);
  const [a, b] = [seenBy(control), seenBy(control)];
  expect([b.claim(1), a.claim(0), b.claim(1), a.claim(0)]).toEqual([0, 1, 2, 'wait']);
  control.consumed();
  expect([a.claim(0), b.claim(1)]).toEqual([3, 'wait']);
});

test('undivided, tiles go out in order', () => {
  const control = new Control(2, 4, Number.POSITIVE_INFINITY);
  const [a, b] = [seenBy(control), seenBy(control)];
  expect([b.claim(1), a.claim(0), a.claim(0), b.claim(1), b.claim(1)]).toEqual([0, 1, 2, 3, 'none']);
});
