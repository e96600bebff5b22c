/** Elementwise primitives at signed zeros, infinities and NaN, erf against known values, and the corners of slopes. */

import { describe, expect, it } from 'vitest';
import { evaluateProgram } from '../../src/interpret/evaluate.ts';
import type { PrimitiveName } from '../../src/ir/params.ts';
import { erf, logistic, softplus } from '../../src/primitives/special-functions.ts';
import { jvp } from '../../src/transforms/jvp.ts';
import { apply, avalOf, given, oneEquation } from './support.ts';

const INF = Infinity;
const NAN = NaN;

const POINTS = [0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 1e-320, 1e308, -1e308, INF, -INF, NAN];

const UNARY: { [P in PrimitiveName]?: (x: number) => number } = {
  neg: (x) => -x,
  abs: Math.abs,
  sign: Math.sign,
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  sqrt: Math.sqrt,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  floor: Math.floor,
  ceil: Math.ceil,
};

const BINARY: { [P in PrimitiveName]?: (x: number, y: number) => number } = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  rem: (x, y) => x % y,
  max: Math.max,
  min: Math.min,
  atan2: Math.atan2,
};

describe('special values', () => {
  it.each(Object.keys(UNARY) as PrimitiveName[])('%s', (name) => {
    const want = POINTS.map(UNARY[name] as (x: number) => number);
    expect([...apply(name, [given([POINTS.length], POINTS)]).data]).toEqual(want);
  });

  it.each(Object.keys(BINARY) as PrimitiveName[])('%s', (name) => {
    const pairs = POINTS.flatMap((x) => POINTS.map((y) => [x, y]));
    const [xs, ys] = [0, 1].map((k) =>
      given(
        [pairs.length],
        pairs.map((p) => p[k]),
      ),
    );
    const f = BINARY[name] as (x: number, y: number) => number;
    expect([...apply(name, [xs, ys]).data]).toEqual(pairs.map(([x, y]) => f(x, y)));
  });

  const at = (name: PrimitiveName, ...operands: number[][]): number[] => [
    ...apply(
      name,
      operands.map((x) => given([x.length], x)),
    ).data,
  ];

  it('pow is that of IEEE 754', () => {
    expect(at('pow', [0, -0, 1, 1, -1, NAN, -8, INF, 0], [0, -1, NAN, INF, -INF, 0, 1 / 3, -1, -1])).toEqual([
      1,
      -INF,
      1,
      1,
      1,
      1,
      NAN,
      0,
      INF,
    ]);
  });
  it('round takes halves to even', () => {
    expect(at('round', [0.5, 1.5, 2.5, -0.5, -1.5, -0.2, 0.49999999999999994, 2 ** 53 - 1, NAN, -INF])).toEqual([
      0,
      2,
      2,
      -0,
      -2,
      -0,
      0,
      2 ** 53 - 1,
      NAN,
      -INF,
    ]);
  });
  it('is_nan and is_inf tell them', () => {
    expect(at('is_nan', [0, INF, -INF, NAN])).toEqual([0, 0, 0, 1]);
    expect(at('is_inf', [0, INF, -INF, NAN])).toEqual([0, 1, 1, 0]);
  });
  it('comparisons with NaN are false but for ne', () => {
    const names: PrimitiveName[] = ['eq', 'ne', 'lt', 'le', 'gt', 'ge'];
    expect(names.map((name) => at(name, [NAN], [NAN])[0])).toEqual([0, 1, 0, 0, 0, 0]);
    expect(at('eq', [0], [-0])).toEqual([1]);
  });
  it('logistic and softplus neither overflow nor cancel', () => {
    expect([-800, 800, -INF, INF, 0].map(logistic)).toEqual([0, 1, 0, 1, 0.5]);
    expect(logistic(-745)).toBe(Math.exp(-745));
    expect([-INF, INF, 800].map(softplus)).toEqual([0, INF, 800]);
    expect(softplus(-40)).toBe(Math.exp(-40));
  });
  it('cast truncates toward zero and stays in range', () => {
    const x = given([6], [1.9, -1.9, NAN, INF, -INF, 3e9]);
    expect([...apply('cast', [x], { dtype: 'int32' }).data]).toEqual([1, -1, 0, 2 ** 31 - 1, -(2 ** 31), 2 ** 31 - 1]);
    expect([...apply('cast', [given([4], [0, -0, NAN, 0.1])], { dtype: 'bool' }).data]).toEqual([0, 0, 1, 1]);
  });
  it('int32 arithmetic wraps, and divides toward zero', () => {
    const int = (...x: number[]) => given([x.length], x, 'int32');
    expect([...apply('mul', [int(2 ** 30, 123456789), int(4, 987654321)]).data]).toEqual([
      0,
      Math.imul(123456789, 987654321),
    ]);
    expect([...apply('div', [int(-7, 7, 1), int(2, -2, 0)]).data]).toEqual([-3, -3, 0]);
    expect([...apply('rem', [int(-7, 7), int(2, -2)]).data]).toEqual([-1, 1]);
  });
  it('float32 rounds every result', () => {
    const x = given([2], [1, 16777216], 'float32');
    const y = given([2], [1e-8, 1], 'float32');
    expect([...apply('add', [x, y]).data]).toEqual([1, 16777216]);
    expect(apply('exp', [x]).data[0]).toBe(Math.fround(Math.E));
  });
});

describe('erf', () => {
  // mpmath at 200 bits.
  const known = [
    [1e-9, 1.1283791670955127e-9],
    [0.1, 0.1124629160182849],
    [0.5, 0.5204998778130465],
    [0.84375, 0.7672256612323416],
    [0.9, 0.7969082124228322],
    [1.2, 0.9103139782296353],
    [1.25, 0.9229001282564583],
    [2, 0.9953222650189527],
    [2.8, 0.9999249868053346],
    [2.9, 0.9999589021219005],
    [3.5, 0.9999992569016276],
    [5, 0.9999999999984626],
    [5.9, 0.9999999999999999],
  ];
  it.each(known)('of %f is %f, to an ulp, and odd', (x, y) => {
    expect(Math.abs(erf(x) - y)).toBeLessThanOrEqual(Math.max(y * 2 ** -52, 2 ** -60));
    expect(erf(-x)).toBe(-erf(x));
  });
  it('is itself at its ends', () => {
    expect([0, -0, INF, -INF, NAN, 7].map(erf)).toEqual([0, -0, 1, -1, NAN, 1]);
  });
});

describe('slopes at corners', () => {
  const slope = (name: PrimitiveName, operand: number, ...x: number[]): number => {
    const values = x.map((v) => given([], [v]));
    const program = oneEquation(name, values.map(avalOf), {});
    const pushed = jvp(
      program,
      x.map((_, i) => i === operand),
    );
    return evaluateProgram(pushed, [...values, given([], [1])])[1].data[0];
  };
  it('are those of JAX', () => {
    expect(slope('abs', 0, 0)).toBe(0);
    expect(slope('max', 0, 1, 1)).toBe(0.5);
    expect(slope('max', 1, 1, 1)).toBe(0.5);
    expect(slope('min', 0, 0, -0)).toBe(0.5);
    expect(slope('sqrt', 0, 0)).toBe(INF);
    expect(slope('log', 0, 0)).toBe(INF);
    expect(slope('floor', 0, 1)).toBe(0);
    expect(slope('rem', 1, 5, 2)).toBe(-2);
    expect(slope('pow', 0, 0, 0)).toBe(0);
    expect(slope('pow', 0, 0, 1)).toBe(1);
    expect(slope('pow', 0, -3, 2)).toBe(-6);
    expect(slope('pow', 1, 0, 2)).toBe(0);
    expect(slope('atan2', 0, 0, 2)).toBe(0.5);
  });
  it("pow's mixed second derivative is right where the exponent is 0", () => {
    const scalar = given([], [0]);
    const first = jvp(oneEquation('pow', [avalOf(scalar), avalOf(scalar)], {}), [true, false]);
    const inExponent = jvp(first, [false, true, false]);
    // x = 2, y = 0, the direction in x, the direction in y: ∂²(x^y)/∂x∂y = x^(y−1)·(1 + y·log x).
    const values = [2, 0, 1, 1].map((v) => given([], [v]));
    expect(evaluateProgram(inExponent, values)[3].data[0]).toBe(0.5);
  });
  it('share ties of an extreme equally', () => {
    const x = given([4], [3, 1, 3, 3]);
    const program = oneEquation('reduce_max', [avalOf(x)], { axes: [0] });
    const [, tangent] = evaluateProgram(jvp(program, [true]), [x, given([4], [1, 10, 2, 6])]);
    expect(tangent.data[0]).toBeCloseTo(3, 14);
  });
});
