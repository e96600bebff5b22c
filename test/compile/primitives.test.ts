/** Every primitive in every dtype on each engine: the plain evaluator's values, on samples and on special values. */

import { describe, expect, it } from 'vitest';
import type { Dtype, Shape, Value } from '../../src/ir/aval.ts';
import type { Params, PrimitiveName } from '../../src/ir/params.ts';
import { primitives, rulesOf } from '../../src/primitives/table.ts';
import { type Sample, samplers } from '../primitives/samples.ts';
import { avalOf, oneEquation, randomFrom, value } from '../primitives/support.ts';
import { retyped, takes } from './samples.ts';
import { differsOn, ENGINES } from './support.ts';

const DTYPES: readonly Dtype[] = ['float64', 'float32', 'int32', 'bool'];
const TOLERANCE: Record<Dtype, number> = { float64: 1e-14, float32: 2e-6, int32: 0, bool: 0 };
const names = Object.keys(primitives) as PrimitiveName[];

const SPECIAL = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1.5,
  -1.5,
  2.5,
  -2.5,
  3,
  -3,
  7.7,
  -7.7,
  100,
  -100,
  0.49999999999999994,
  1e-300,
  -1e-30,
  1e10,
  1e30,
  2147483647,
  2147483648,
  -2147483648,
  Infinity,
  -Infinity,
  NaN,
];

/** All tuples of special values as operands of an elementwise primitive; those that differ only in rank are left out. */
const specialOperands = (inputs: readonly Value[], dtype: Dtype): Value[] => {
  let tuples: number[][] = [[]];
  const counts = inputs.map(({ dtype: own }) => (own === 'bool' ? [0, 1] : SPECIAL));
  for (const values of counts) tuples = tuples.flatMap((head) => values.map((v) => [...head, v]));
  const clamp = (v: number): number => {
    if (dtype === 'bool') return Number(v > 0);
    if (dtype !== 'int32') return v;
    return Number.isNaN(v) ? 0 : Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, v));
  };
  return inputs.map((x, k) =>
    value([tuples.length], x.dtype === 'float64' ? dtype : x.dtype, (i) => clamp(tuples[i][k])),
  );
};

const CASTS: readonly Params[] = DTYPES.map((dtype) => ({ dtype }));

describe.each(ENGINES)('on %s', (engine) => {
  describe.each(names)('%s', (name) => {
    const samples = samplers[name](randomFrom(3)) as unknown as Sample<Params>[];

    it.each(DTYPES)('samples in %s', async (dtype) => {
      for (const sample of samples) {
        const { inputs, params } = retyped(sample, dtype, name);
        const avals = inputs.map(avalOf);
        if (!takes(name, avals, params)) continue;
        expect(await differsOn(engine, oneEquation(name, avals, params), inputs, TOLERANCE[dtype])).toBeUndefined();
      }
    });

    it.each(rulesOf(name).algebra === 'diagonal' ? DTYPES : [])('special values in %s', async (dtype) => {
      const inputs = specialOperands(samples[0].inputs, dtype);
      const avals = inputs.map(avalOf);
      for (const params of name === 'cast' ? CASTS : [samples[0].params]) {
        if (!takes(name, avals, params)) continue;
        expect(await differsOn(engine, oneEquation(name, avals, params), inputs, TOLERANCE[dtype])).toBeUndefined();
      }
    });
  });
});

const NUMBERS: readonly Dtype[] = ['float64', 'float32', 'int32'];

/** Shapes that lead the lowerings down their other ways: long rows, first and last axes, strides. */
const SHAPES: readonly [PrimitiveName, Shape, Params][] = [
  ['windows', [3, 9, 70], { axis: 1, size: 4, stride: 1, dilation: 2 }],
  ['windows', [3, 9, 70], { axis: 1, size: 4, stride: 3, dilation: 1 }],
  ['windows', [9, 2], { axis: 0, size: 5, stride: 2, dilation: 1 }],
  ['windows', [3, 8], { axis: 1, size: 4, stride: 4, dilation: 1 }],
  ['windows', [3, 10], { axis: 1, size: 2, stride: 5, dilation: 1 }],
  ['fold', [3, 2, 5, 2], { axis: 1, length: 8, stride: 3, dilation: 1 }],
  ['fold', [3, 4], { axis: 0, length: 10, stride: 3, dilation: 1 }],
  ['fold', [3, 4, 3], { axis: 1, length: 15, stride: 3, dilation: 2 }],
  ['fold', [1, 4], { axis: 0, length: 9, stride: 7, dilation: 2 }],
  ['fold', [5, 1, 3], { axis: 0, length: 14, stride: 3, dilation: 1 }],
  ['reduce_sum', [40, 30], { axes: [0] }],
  ['reduce_sum', [40, 30], { axes: [1] }],
  ['reduce_sum', [4, 1, 30], { axes: [0, 1] }],
  ['reduce_sum', [5000, 2], { axes: [0] }],
  ['reduce_sum', [3, 5, 7, 2], { axes: [1, 3] }],
  ['permute', [3, 4, 5, 6], { permutation: [1, 0, 3, 2] }],
  ['permute', [3, 4, 5, 6], { permutation: [2, 3, 0, 1] }],
  ['permute', [3, 1, 5, 1], { permutation: [3, 2, 1, 0] }],
  ['pad', [3, 4], { low: [1, 0], high: [0, 2], interior: [2, 1], value: 5 }],
  ['pad', [1, 4], { low: [0, 0], high: [0, 0], interior: [3, 0], value: 5 }],
  ['slice', [7, 8], { starts: [6, 1], limits: [7, 8], strides: [4, 3] }],
];

describe.each(ENGINES)('other shapes on %s', (engine) => {
  it.each(SHAPES)('%s of [%s] by %o', async (name, shape, params) => {
    for (const dtype of NUMBERS) {
      const random = randomFrom(5);
      const x = value(shape, dtype, () => Math.floor(random() * 19) - 9);
      expect(await differsOn(engine, oneEquation(name, [avalOf(x)], params), [x], 0)).toBeUndefined();
    }
  });

  it.each([
    [[4, 1], [3, 5], 0],
    [[6, 4], [7], 1],
    [[2, 6, 4], [3, 2], 2],
    [[5, 3, 2], [4], 1],
  ])('gather from [%s] at [%s] along %i, and its transpose', async (shape, places, axis) => {
    for (const dtype of [...NUMBERS, 'bool'] as const) {
      const random = randomFrom(5);
      const x = value(shape, dtype, () => Math.floor(random() * (dtype === 'bool' ? 2 : 9)));
      const indices = value(places, 'int32', () => Math.floor(random() * (shape[axis] + 4)) - 2);
      const taken = oneEquation('gather', [avalOf(x), avalOf(indices)], { axis });
      expect(await differsOn(engine, taken, [x, indices], 0)).toBeUndefined();
      if (dtype === 'bool') continue;
      const updates = value(taken.outputs[0].aval.shape, dtype, () => Math.floor(random() * 9));
      const added = oneEquation('scatter_add', [avalOf(updates), avalOf(indices)], { axis, size: shape[axis] });
      expect(await differsOn(engine, added, [updates, indices], 0)).toBeUndefined();
    }
  });

  it('argtopk of short and long lines with ties, NaN and infinities', async () => {
    const special = [Number.NaN, Infinity, -Infinity, 0, -0];
    for (const [length, k] of [
      [3, 1],
      [9, 9],
      [40, 1],
      [40, 7],
      [400, 3],
      [400, 150],
      [400, 400],
    ]) {
      for (const dtype of NUMBERS) {
        const random = randomFrom(length + k);
        const draw = (): number => {
          const u = random();
          return u < 0.2 && dtype !== 'int32' ? special[Math.floor(25 * u)] : Math.floor(30 * u) - 15;
        };
        for (const [shape, axis] of [
          [[3, length], 1],
          [[length, 3], 0],
          [[2, length, 2], 1],
        ] as const) {
          const x = value(shape, dtype, draw);
          const program = oneEquation('argtopk', [avalOf(x)], { axis, k });
          expect(await differsOn(engine, program, [x], 0)).toBeUndefined();
        }
      }
    }
  });

  it.each(['reduce_max', 'reduce_min', 'argmax', 'argmin', 'reduce_sum', 'cumsum'] as const)(
    '%s over short and long rows with NaN and infinities',
    async (name) => {
      const long = (row: readonly number[]): number[] => Array.from({ length: 12 }, (_, i) => row[i] ?? -1);
      const rows = [
        [1, Number.NaN, 2, 0],
        [Number.NaN, 1, 2, 0],
        [0, 1, 2, Number.NaN],
        [1, 0, 2, 3],
        [Infinity, 1, -Infinity, 0],
        [-Infinity, -Infinity, -Infinity, -Infinity],
        [3, 1, 3, 1],
      ];
      for (const dtype of ['float64', 'float32'] as const) {
        for (const axis of [0, 1]) {
          const along = rows.slice(name.startsWith('arg') ? 3 : 0);
          for (const table of [along, along.map(long)]) {
            const [n, m] = [table.length, table[0].length];
            const x = value(axis === 1 ? [n, m] : [m, n], dtype, (i) =>
              axis === 1 ? table[Math.floor(i / m)][i % m] : table[i % n][Math.floor(i / n)],
            );
            const params = name.startsWith('reduce') ? { axes: [axis] } : { axis, exclusive: false, reverse: false };
            expect(await differsOn(engine, oneEquation(name, [avalOf(x)], params), [x], 0)).toBeUndefined();
          }
        }
      }
    },
  );
});
