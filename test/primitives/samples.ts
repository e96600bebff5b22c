/** Operands and params for every primitive, from which the tests of all rules are taken. */

import { type Dtype, isFloat, type Shape, type Value } from '../../src/ir/aval.ts';
import type { PrimitiveName, PrimitiveParams } from '../../src/ir/params.ts';
import { ruleOf } from '../../src/primitives/custom-jvp.ts';
import { newOps } from '../../src/primitives/table.ts';
import { value } from './support.ts';

export interface Sample<P> {
  readonly inputs: readonly Value[];
  readonly params: P;
}

type Random = () => number;
type Sampler<P> = (random: Random) => Sample<P>[];

/** Numbers in [low, high], away from each other's ties and from whole numbers. */
const floats = (random: Random, shape: Shape, low = -2, high = 2): Value =>
  value(shape, 'float64', () => {
    const v = low + (high - low) * random();
    return Math.abs(v - Math.round(v)) < 0.05 ? v + 0.1 * (high > v + 0.1 ? 1 : -1) : v;
  });
const ints = (random: Random, shape: Shape, low: number, high: number): Value =>
  value(shape, 'int32', () => low + Math.floor(random() * (high - low + 1)));
const bools = (random: Random, shape: Shape): Value => value(shape, 'bool', () => (random() < 0.5 ? 0 : 1));

const unary =
  (low = -2, high = 2): Sampler<PrimitiveParams['exp']> =>
  (random) =>
    [[2, 3], [], [1, 4, 2]].map((shape) => ({ inputs: [floats(random, shape, low, high)], params: {} }));

const binary =
  (low = -2, high = 2, lowY = low, highY = high): Sampler<PrimitiveParams['add']> =>
  (random) =>
    [[2, 3], [], [1, 4, 2]].map((shape) => ({
      inputs: [floats(random, shape, low, high), floats(random, shape, lowY, highY)],
      params: {},
    }));

const bits: Sampler<PrimitiveParams['and']> = (random) => [
  { inputs: [ints(random, [2, 3], -9, 9), ints(random, [2, 3], -9, 9)], params: {} },
];

const logic: Sampler<PrimitiveParams['and']> = (random) => [
  { inputs: [bools(random, [3, 4]), bools(random, [3, 4])], params: {} },
];

/** Values with ties, so that the equal ones are met too. */
const comparison: Sampler<PrimitiveParams['eq']> = (random) => [
  { inputs: [ints(random, [3, 4], -1, 1), ints(random, [3, 4], -1, 1)], params: {} },
  { inputs: [floats(random, [3, 4]), floats(random, [3, 4])], params: {} },
];

/** One operand, of [2, 3, 4] unless another shape is given. */
const of =
  <P>(...cases: (P | { shape: Shape; params: P; dtype?: Dtype })[]): Sampler<P> =>
  (random) =>
    cases.map((c) => {
      const wrapped = typeof c === 'object' && c !== null && 'params' in c;
      const shape = wrapped ? c.shape : [2, 3, 4];
      const dtype = (wrapped && c.dtype) || 'float64';
      const operand = isFloat(dtype) ? floats(random, shape) : ints(random, shape, -3, 3);
      return { inputs: [operand], params: (wrapped ? c.params : c) as P };
    });

const reductions = of<PrimitiveParams['reduce_sum']>(
  { axes: [1] },
  { axes: [0, 2] },
  { axes: [0, 1, 2] },
  { shape: [3, 1, 2], params: { axes: [0, 1] } },
);

export const samplers: { [P in PrimitiveName]: Sampler<PrimitiveParams[P]> } = {
  neg: unary(),
  abs: unary(),
  sign: unary(),
  exp: unary(),
  expm1: unary(),
  log: unary(0.2, 3),
  log1p: unary(-0.8, 3),
  sqrt: unary(0.2, 3),
  sin: unary(),
  cos: unary(),
  tan: unary(-1.2, 1.2),
  asin: unary(-0.9, 0.9),
  acos: unary(-0.9, 0.9),
  atan: unary(),
  sinh: unary(),
  cosh: unary(),
  tanh: unary(),
  asinh: unary(),
  acosh: unary(1.2, 3),
  atanh: unary(-0.8, 0.8),
  erf: unary(-3, 3),
  logistic: unary(),
  softplus: unary(),
  floor: unary(),
  ceil: unary(),
  round: (random) => [{ inputs: [floats(random, [2, 3], -0.4, 0.4)], params: {} }],
  is_nan: unary(),
  is_inf: unary(),
  not: (random) => [{ inputs: [bools(random, [3, 4])], params: {} }],
  add: binary(),
  sub: binary(),
  mul: binary(),
  div: binary(-2, 2, 0.5, 2),
  rem: binary(4.1, 4.9, 1.1, 1.3),
  pow: binary(0.3, 2, -2, 2),
  max: binary(),
  min: binary(),
  atan2: binary(0.5, 2, -2, 2),
  eq: comparison,
  ne: comparison,
  lt: comparison,
  le: comparison,
  gt: comparison,
  ge: comparison,
  and: (random) => [...logic(random), ...bits(random)],
  or: logic,
  xor: logic,
  select: (random) =>
    [[2, 3], [], [1, 4, 2]].map((shape) => ({
      inputs: [bools(random, shape), floats(random, shape), floats(random, shape)],
      params: {},
    })),
  custom_jvp: (random) => {
    // (a, b, s, t) → a·s + sin(b)·t
    const ops = newOps();
    const [a, b, s, t] = [0, 1, 2, 3].map(() => ops.input({ shape: [2, 3], dtype: 'float64' }));
    const rule = ruleOf(ops.build([ops.add(ops.mul(a, s), ops.mul(ops.unary('sin', b), t))]));
    const inputs = [0, 1, 2, 3, 4].map(() => floats(random, [2, 3]));
    return [{ inputs, params: { rule, operands: 2, takesResult: false } }];
  },
  cast: of<PrimitiveParams['cast']>(
    { dtype: 'float64' },
    { dtype: 'int32' },
    { dtype: 'bool' },
    { shape: [3], dtype: 'int32', params: { dtype: 'float64' } },
  ),
  reshape: of<PrimitiveParams['reshape']>(
    { shape: [4, 6] },
    { shape: [2, 12] },
    { shape: [24] },
    { shape: [1, 2, 3, 1, 4] },
    { shape: [1], params: { shape: [] } },
    { shape: [], params: { shape: [1, 1] } },
  ),
  broadcast: of<PrimitiveParams['broadcast']>(
    { shape: [2, 3], params: { shape: [2, 5, 3], axes: [0, 2] } },
    { shape: [3], params: { shape: [2, 3], axes: [1] } },
    { shape: [3], params: { shape: [3, 2], axes: [0] } },
    { shape: [], params: { shape: [2, 2], axes: [] } },
    { shape: [1, 3], params: { shape: [2, 1, 3], axes: [1, 2] } },
  ),
  permute: of<PrimitiveParams['permute']>(
    { permutation: [2, 0, 1] },
    { permutation: [0, 2, 1] },
    { shape: [3, 4], params: { permutation: [1, 0] } },
    { shape: [1, 3], params: { permutation: [1, 0] } },
  ),
  reverse: of<PrimitiveParams['reverse']>({ axes: [0] }, { axes: [1, 2] }, { shape: [5], params: { axes: [0] } }),
  roll: of<PrimitiveParams['roll']>(
    { axis: 0, shift: 1 },
    { axis: 1, shift: 2 },
    { axis: 2, shift: 3 },
    { shape: [5], params: { axis: 0, shift: 4 } },
    { shape: [40, 2], params: { axis: 0, shift: 7 } },
    { shape: [300, 3], params: { axis: 1, shift: 1 } },
  ),
  slice: of<PrimitiveParams['slice']>(
    { starts: [0, 1, 1], limits: [2, 3, 4], strides: [1, 1, 2] },
    { shape: [9], params: { starts: [1], limits: [9], strides: [3] } },
    { shape: [3, 4], params: { starts: [2, 0], limits: [3, 4], strides: [1, 1] } },
  ),
  pad: of<PrimitiveParams['pad']>(
    { low: [0, 1, 2], high: [1, 0, 1], interior: [0, 0, 1], value: 0 },
    { shape: [4], params: { low: [2], high: [0], interior: [2], value: 0 } },
    { shape: [2, 2], params: { low: [1, 0], high: [0, 1], interior: [0, 0], value: -3 } },
  ),
  concat: (random) => [
    { inputs: [floats(random, [2, 3]), floats(random, [2, 1]), floats(random, [2, 2])], params: { axis: 1 } },
    { inputs: [floats(random, [1, 2]), floats(random, [3, 2])], params: { axis: 0 } },
    { inputs: [floats(random, [3])], params: { axis: 0 } },
  ],
  gather: (random) => [
    { inputs: [floats(random, [4, 3]), ints(random, [5], 0, 3)], params: { axis: 0 } },
    { inputs: [floats(random, [2, 4, 3]), ints(random, [2, 2], -1, 4)], params: { axis: 1 } },
    { inputs: [floats(random, [2, 4]), ints(random, [], 0, 3)], params: { axis: 1 } },
  ],
  scatter_add: (random) => [
    { inputs: [floats(random, [5, 3]), ints(random, [5], 0, 3)], params: { axis: 0, size: 4 } },
    { inputs: [floats(random, [2, 2, 3, 2]), ints(random, [2, 3], -1, 4)], params: { axis: 1, size: 4 } },
    { inputs: [floats(random, [2, 3]), ints(random, [], 0, 3)], params: { axis: 1, size: 4 } },
  ],
  iota: () => [
    { inputs: [], params: { shape: [2, 3, 2], axis: 1, dtype: 'int32' } },
    { inputs: [], params: { shape: [4], axis: 0, dtype: 'float64' } },
  ],
  one_hot: (random) => [
    { inputs: [ints(random, [5], -1, 4)], params: { depth: 4, dtype: 'float64' } },
    { inputs: [ints(random, [2, 2], 0, 2)], params: { depth: 3, dtype: 'float64' } },
    { inputs: [ints(random, [], 0, 2)], params: { depth: 3, dtype: 'float64' } },
  ],
  windows: of<PrimitiveParams['windows']>(
    { shape: [2, 7, 2], params: { axis: 1, size: 3, stride: 1, dilation: 1 } },
    { shape: [9], params: { axis: 0, size: 3, stride: 2, dilation: 2 } },
    { shape: [3, 8], params: { axis: 1, size: 2, stride: 3, dilation: 1 } },
    { shape: [4, 3], params: { axis: 0, size: 1, stride: 2, dilation: 1 } },
  ),
  fold: of<PrimitiveParams['fold']>(
    { shape: [2, 5, 3, 2], params: { axis: 1, length: 7, stride: 1, dilation: 1 } },
    { shape: [3, 3], params: { axis: 0, length: 9, stride: 2, dilation: 2 } },
    { shape: [3, 3, 2], params: { axis: 1, length: 8, stride: 3, dilation: 1 } },
  ),
  reduce_sum: reductions,
  reduce_max: reductions,
  reduce_min: reductions,
  argmax: of<PrimitiveParams['argmax']>(
    { axis: 1 },
    { axis: 0 },
    { shape: [4, 5], dtype: 'int32', params: { axis: 1 } },
  ),
  argmin: of<PrimitiveParams['argmin']>(
    { axis: 1 },
    { axis: 2 },
    { shape: [4, 5], dtype: 'int32', params: { axis: 0 } },
  ),
  argtopk: of<PrimitiveParams['argtopk']>(
    { axis: 1, k: 2 },
    { axis: 2, k: 4 },
    { axis: 0, k: 1 },
    { shape: [4, 9], dtype: 'int32', params: { axis: 1, k: 5 } },
    { shape: [4, 5], dtype: 'int32', params: { axis: 0, k: 4 } },
  ),
  cumsum: of<PrimitiveParams['cumsum']>(
    { axis: 1, exclusive: false, reverse: false },
    { axis: 0, exclusive: true, reverse: false },
    { axis: 2, exclusive: false, reverse: true },
    { axis: 1, exclusive: true, reverse: true },
  ),
  dot: (random) => {
    const cases: [Shape, Shape, number[], number[], number[]][] = [
      [
        [3, 4],
        [4, 5],
        [0, 1],
        [1, 2],
        [0, 2],
      ],
      [
        [4, 3],
        [5, 4],
        [1, 0],
        [2, 1],
        [0, 2],
      ],
      [
        [2, 3, 4],
        [2, 4, 5],
        [0, 1, 2],
        [0, 2, 3],
        [0, 1, 3],
      ],
      [[3], [4], [0], [1], [1, 0]],
      [[3], [3], [0], [0], []],
      [
        [2, 3, 4, 2],
        [4, 2, 3],
        [0, 1, 2, 3],
        [2, 3, 4],
        [4, 0, 1],
      ],
      [[2, 3], [3, 2], [0, 1], [1, 0], [1]],
      [[2, 3], [], [0, 1], [], [1, 0]],
      [
        [3, 4, 6],
        [6, 4, 5],
        [0, 1, 2],
        [2, 1, 3],
        [3, 0, 1],
      ],
    ];
    return cases.map(([x, y, lhs, rhs, out]) => ({
      inputs: [floats(random, x), floats(random, y)],
      params: { lhs, rhs, out },
    }));
  },
};
