/** What is made in memory, in how many nests of loops, and which programs are left alone. */

import { describe, expect, test } from 'vitest';
import { fuse } from '../../src/fusion/fuse.ts';
import { isFusible } from '../../src/fusion/fusible.ts';
import type { Dtype } from '../../src/ir/aval.ts';
import type { Atom, Program } from '../../src/ir/program.ts';
import type { Ops } from '../../src/primitives/ops.ts';
import { newOps } from '../../src/primitives/table.ts';
import { stencil } from './programs.ts';

const programOf = (make: (ops: Ops) => Atom[]): Program => {
  const ops = newOps();
  return ops.build(make(ops));
};

const input = (ops: Ops, shape: readonly number[], dtype: Dtype = 'float64'): Atom => ops.input({ shape, dtype });

describe('a stencil', () => {
  test('is cut into nine boxes, in each of which its neighbours are where one kernel finds them', () => {
    const { kernels, calls } = fuse(stencil(1, [16, 16, 8], 'float32'));
    expect(kernels).toHaveLength(1);
    // The second axis and the last one are one loop.
    const corners = Array.from({ length: 4 }, () => [1, 8]);
    const sides = [14, 14].map((length) => [length, 8]);
    const others = [1, 1].map((length) => [length, 112]);
    expect(calls.map(({ extents }) => extents)).toHaveLength(9);
    expect(calls.map(({ extents }) => extents)).toEqual(
      expect.arrayContaining([...corners, ...sides, ...others, [14, 112]]),
    );
  });

  test('is made in memory once per step, by the same kernel', () => {
    const { kernels, calls, buffers } = fuse(stencil(20, [16, 16, 8], 'float32'));
    expect(kernels).toHaveLength(1);
    expect(calls).toHaveLength(9 * 20);
    // The input and one value per step.
    expect(buffers).toHaveLength(21);
  });
});

describe('fusing', () => {
  test('a chain of operations is one nest over one loop', () => {
    const { calls, kernels, buffers } = fuse(
      programOf((ops) => {
        const x = input(ops, [6, 7, 8]);
        return [ops.mul(ops.unary('abs', ops.add(ops.mul(x, x), 1)), ops.sub(x, 2))];
      }),
    );
    expect(calls.map(({ extents }) => extents)).toEqual([[336]]);
    expect(kernels[0].along).toBe(0);
    expect(buffers).toHaveLength(2);
  });

  test('what a sum is of isn’t made, nor what a broadcast repeats a few times', () => {
    const { calls } = fuse(
      programOf((ops) => {
        const x = input(ops, [2, 20]);
        const y = ops.broadcast(ops.mul(input(ops, [20]), 3), [2, 20], [1]);
        return [ops.sum(ops.mul(x, y), [1])];
      }),
    );
    expect(calls.map(({ extents }) => extents)).toEqual([[2, 20]]);
  });

  test('what is dear and read often is made once', () => {
    const made = (f: 'abs' | 'exp', times: number): number =>
      fuse(
        programOf((ops) => {
          const x = ops.unary(f, input(ops, [1000]));
          return [ops.mul(ops.broadcast(x, [times, 1000], [1]), input(ops, [times, 1000]))];
        }),
      ).calls.length;
    expect([made('exp', 2), made('abs', 2), made('abs', 30)]).toEqual([2, 1, 2]);
  });

  test('a reshape of what is made is the same memory', () => {
    const { calls, outputs } = fuse(
      programOf((ops) => {
        const x = ops.mul(input(ops, [4, 6]), 2);
        return [ops.reshape(x, [24]), x, ops.reshape(x, [6, 4])];
      }),
    );
    expect(calls).toHaveLength(1);
    expect(new Set(outputs).size).toBe(1);
  });

  test('an output that is an input needs no nest', () => {
    const { calls, outputs } = fuse(programOf((ops) => [input(ops, [3])]));
    expect(calls).toEqual([]);
    expect(outputs).toEqual([0]);
  });

  test('vectors lie along what is stored side by side, or along the sum where that is better', () => {
    const along = (axis: number): readonly number[] =>
      fuse(programOf((ops) => [ops.sum(input(ops, [40, 50]), [axis])])).kernels.map((kernel) => kernel.along);
    expect(along(0)).toEqual([0]);
    expect(along(1)).toEqual([1]);
  });
});

describe('programs that are left alone', () => {
  const NOT_FUSIBLE: readonly [string, (ops: Ops) => Atom[]][] = [
    ['a power that varies', (ops) => [ops.binary('pow', input(ops, [2]), input(ops, [2]))]],
    ['a power that isn’t whole', (ops) => [ops.binary('pow', input(ops, [2]), 0.3)]],
    ['a function without code', (ops) => [ops.unary('atan', input(ops, [2]))]],
    ['an int32 quotient by what varies', (ops) => [ops.div(input(ops, [2], 'int32'), input(ops, [2], 'int32'))]],
    ['both float dtypes', (ops) => [ops.mul(ops.cast(input(ops, [2], 'float32'), 'float64'), input(ops, [2]))]],
    ['a running sum', (ops) => [ops.cumsum(input(ops, [4]), 0)]],
  ];
  test.each(NOT_FUSIBLE)('%s', (_, make) => {
    expect(isFusible(programOf(make))).toBe(false);
  });

  test('but not a whole power, nor a quotient by a number', () => {
    const program = programOf((ops) => {
      const i = input(ops, [2], 'int32');
      return [ops.binary('pow', input(ops, [2]), -3), ops.div(i, 7), ops.binary('rem', i, 7)];
    });
    expect(isFusible(program)).toBe(true);
  });
});
