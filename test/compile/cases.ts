/** The cases of the conformance suite, which every engine must compute as the plain evaluator does. */

import type { Dtype, Shape, Value } from '../../src/ir/aval.ts';
import type { Params, PrimitiveName } from '../../src/ir/params.ts';
import type { Program } from '../../src/ir/program.ts';
import { primitives, rulesOf } from '../../src/primitives/table.ts';
import { type Sample, samplers } from '../primitives/samples.ts';
import { avalOf, oneEquation, randomFrom, value } from '../primitives/support.ts';
import { retyped, takes } from './samples.ts';

export interface Case {
  readonly program: Program;
  readonly inputs: readonly Value[];
}

export const names = Object.keys(primitives) as PrimitiveName[];
export const DTYPES: readonly Dtype[] = ['float64', 'float32', 'int32', 'bool'];
export const NUMBERS: readonly Dtype[] = ['float64', 'float32', 'int32'];

export const caseOf = (name: PrimitiveName, inputs: readonly Value[], params: Params): Case => ({
  program: oneEquation(name, inputs.map(avalOf), params),
  inputs,
});

/** Undefined: the primitive doesn't take such operands. */
const caseIfTaken = (name: PrimitiveName, inputs: readonly Value[], params: Params): Case[] =>
  takes(name, inputs.map(avalOf), params) ? [caseOf(name, inputs, params)] : [];

const samplesOf = (name: PrimitiveName): Sample<Params>[] =>
  samplers[name](randomFrom(3)) as unknown as Sample<Params>[];

/** A primitive's samples in a dtype. */
export const sampleCases = (name: PrimitiveName, dtype: Dtype): Case[] =>
  samplesOf(name).flatMap((sample) => {
    const { inputs, params } = retyped(sample, dtype, name);
    return caseIfTaken(name, inputs, params);
  });

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

/** An elementwise primitive over special values; none for others. */
export const specialCases = (name: PrimitiveName, dtype: Dtype): Case[] => {
  if (rulesOf(name).algebra !== 'diagonal') return [];
  const [sample] = samplesOf(name);
  const inputs = specialOperands(sample.inputs, dtype);
  return (name === 'cast' ? CASTS : [sample.params]).flatMap((params) => caseIfTaken(name, inputs, params));
};

/** Shapes that lead the lowerings down their other ways: long rows, first and last axes, strides. */
export const SHAPES: readonly [PrimitiveName, Shape, Params][] = [
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

/** Whole numbers in one of these shapes. */
export const shapeCase = ([name, shape, params]: (typeof SHAPES)[number], dtype: Dtype): Case => {
  const random = randomFrom(5);
  return caseOf(name, [value(shape, dtype, () => Math.floor(random() * 19) - 9)], params);
};

/** Shapes of a table, shapes of indices, and the axis that they name. */
export const GATHERS: readonly (readonly [Shape, Shape, number])[] = [
  [[4, 1], [3, 5], 0],
  [[6, 4], [7], 1],
  [[2, 6, 4], [3, 2], 2],
  [[5, 3, 2], [4], 1],
];

/** gather and its transpose, with indices out of range. */
export const gatherCases = ([shape, places, axis]: (typeof GATHERS)[number], dtype: Dtype): Case[] => {
  const random = randomFrom(5);
  const x = value(shape, dtype, () => Math.floor(random() * (dtype === 'bool' ? 2 : 9)));
  const indices = value(places, 'int32', () => Math.floor(random() * (shape[axis] + 4)) - 2);
  const taken = caseOf('gather', [x, indices], { axis });
  if (dtype === 'bool') return [taken];
  const updates = value(taken.program.outputs[0].aval.shape, dtype, () => Math.floor(random() * 9));
  return [taken, caseOf('scatter_add', [updates, indices], { axis, size: shape[axis] })];
};

/** argtopk of short and long lines with ties, NaN and infinities. */
export const topkCases = (): Case[] => {
  const special = [Number.NaN, Infinity, -Infinity, 0, -0];
  const lengths = [
    [3, 1],
    [9, 9],
    [40, 1],
    [40, 7],
    [400, 3],
    [400, 150],
    [400, 400],
  ];
  return lengths.flatMap(([length, k]) =>
    NUMBERS.flatMap((dtype) => {
      const random = randomFrom(length + k);
      const draw = (): number => {
        const u = random();
        return u < 0.2 && dtype !== 'int32' ? special[Math.floor(25 * u)] : Math.floor(30 * u) - 15;
      };
      const placed = [
        [[3, length], 1],
        [[length, 3], 0],
        [[2, length, 2], 1],
      ] as const;
      return placed.map(([shape, axis]) => caseOf('argtopk', [value(shape, dtype, draw)], { axis, k }));
    }),
  );
};

export const ALONG = ['reduce_max', 'reduce_min', 'argmax', 'argmin', 'reduce_sum', 'cumsum'] as const;

/** Short and long rows with NaN and infinities. */
export const alongCases = (name: (typeof ALONG)[number]): Case[] => {
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
  const along = rows.slice(name.startsWith('arg') ? 3 : 0);
  return (['float64', 'float32'] as const).flatMap((dtype) =>
    [0, 1].flatMap((axis) =>
      [along, along.map(long)].map((table) => {
        const [n, m] = [table.length, table[0].length];
        const x = value(axis === 1 ? [n, m] : [m, n], dtype, (i) =>
          axis === 1 ? table[Math.floor(i / m)][i % m] : table[i % n][Math.floor(i / n)],
        );
        const params = name.startsWith('reduce') ? { axes: [axis] } : { axis, exclusive: false, reverse: false };
        return caseOf(name, [x], params);
      }),
    ),
  );
};
