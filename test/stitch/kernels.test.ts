/** The machine code of stitching: what is committed is what its source says, and it does what loops would. */

import { describe, expect, test } from 'vitest';
import { assembled } from '../../scripts/kernels.mjs';
import { newKernels } from '../../src/stitch/kernels.ts';
import { OWN_CODE, SHARED_CODE } from '../../src/stitch/kernels-code.ts';
import { plainKernels } from '../../src/stitch/plain-kernels.ts';

test('the committed code is the assembled source (else: npm run kernels)', async () => {
  expect({ own: OWN_CODE, shared: SHARED_CODE }).toEqual(await assembled());
});

const TO = 32_768;
const [assembledOnes, plain] = [newKernels(), plainKernels()];

test('machine code is what is used where it can be had', () => {
  expect(assembledOnes.kernels.finite32.toString()).toContain('native code');
});

describe.each([
  ['float32', Float32Array, assembledOnes, 'transpose32', 'finite32'],
  ['float64', Float64Array, assembledOnes, 'transpose64', 'finite64'],
  ['float32, plain loops', Float32Array, plain, 'transpose32', 'finite32'],
  ['float64, plain loops', Float64Array, plain, 'transpose64', 'finite64'],
] as const)('%s', (_, Data, { memory, kernels }, turning, finding) => {
  const transpose = kernels[turning];
  const finite = kernels[finding];
  const bytes = Data.BYTES_PER_ELEMENT;
  const source = new Data(memory.buffer, 0, TO / bytes);
  const target = new Data(memory.buffer, TO, TO / bytes);

  test.each([
    [1, 1],
    [1, 40],
    [40, 1],
    [4, 4],
    [5, 7],
    [16, 16],
    [17, 33],
    [31, 18],
  ])('turns %i rows of %i, with gaps between them, and touches nothing else', (rows, columns) => {
    const [from, to] = [columns + 3, rows + 2];
    source.forEach((_v, i) => {
      source[i] = i + 1;
    });
    target.fill(-1);
    transpose(0, from * bytes, TO, to * bytes, rows, columns);
    const want = new Data(target.length).fill(-1);
    for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) want[c * to + r] = source[r * from + c];
    expect(target).toEqual(want);
  });

  test('finds a number that is not finite wherever it is, and only there', () => {
    for (const count of [1, 3, 4, 7, 8, 9, 16, 21]) {
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        for (let at = 0; at <= count; at++) {
          source.fill(Data === Float32Array ? 3e38 : -Number.MAX_VALUE);
          source[at] = bad;
          expect(finite(0, count), `${bad} at ${at} of ${count}`).toBe(at < count ? 0 : 1);
        }
      }
    }
    source.fill(Number.NaN);
    expect(finite(0, 0)).toBe(1);
  });
});
