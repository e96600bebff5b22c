/** Concats of slices of one array: one Gather where they are that, and right where they are not quite. */

import { describe, expect, test } from 'vitest';
import { lowerProgram } from '../../../src/compile/onnx/lower.ts';
import type { Value } from '../../../src/ir/aval.ts';
import type { Atom, Program } from '../../../src/ir/program.ts';
import type { Ops } from '../../../src/primitives/ops.ts';
import { newOps } from '../../../src/primitives/table.ts';
import { compareEngines } from '../support.ts';

const SHAPE = [3, 4, 40];

const programOf = (make: (ops: Ops, x: Atom) => Atom): { program: Program; inputs: Value[] } => {
  const ops = newOps();
  const x = ops.input({ shape: SHAPE, dtype: 'float32' });
  const data = Float32Array.from({ length: 480 }, (_, i) => Math.sin(i));
  return { program: ops.build([make(ops, x)]), inputs: [{ shape: SHAPE, dtype: 'float32', data }] };
};

const kindsOf = (program: Program): string[] => lowerProgram(program).nodes.map((node) => node.opType);

/** The parts of x along an axis, one after another. */
const parts = (axis: number, ...ranges: [number, number][]) => {
  return (ops: Ops, x: Atom): Atom =>
    ops.concat(
      ranges.map(([start, limit]) => ops.sliceAxis(x, axis, start, limit)),
      axis,
    );
};

describe('one Gather', () => {
  test.each([
    ['a roll', parts(1, [3, 4], [0, 3])],
    ['few short rows', parts(2, [5, 15], [0, 5])],
    ['a roll of the first axis', parts(0, [1, 3], [0, 1])],
    ['parts out of order, some twice, some not at all', parts(1, [2, 3], [0, 2], [2, 3])],
  ])('%s', async (_, make) => {
    const { program, inputs } = programOf(make);
    expect(kindsOf(program)).toEqual(['Gather']);
    expect(await compareEngines(program, inputs, 0)).toBeUndefined();
  });
});

describe('no Gather', () => {
  test.each([
    ['many short rows', parts(2, [5, 40], [0, 5])],
    [
      'parts of two arrays',
      (ops: Ops, x: Atom) => ops.concat([ops.sliceAxis(x, 1, 1, 3), ops.sliceAxis(ops.unary('sin', x), 1, 0, 1)], 1),
    ],
    [
      'a part that is cut along another axis, too',
      (ops: Ops, x: Atom) => ops.concat([ops.slice(x, [0, 1, 0], [2, 3, 20]), ops.slice(x, [0, 0, 0], [2, 1, 20])], 1),
    ],
    [
      'a part with a stride',
      (ops: Ops, x: Atom) => ops.concat([ops.sliceAxis(x, 1, 0, 4, 2), ops.sliceAxis(x, 1, 1, 2)], 1),
    ],
    [
      'slices along another axis than the concat',
      (ops: Ops, x: Atom) => ops.concat([ops.sliceAxis(x, 0, 0, 2), ops.sliceAxis(x, 0, 1, 3)], 1),
    ],
  ])('%s', async (_, make) => {
    const { program, inputs } = programOf(make);
    expect(kindsOf(program)).not.toContain('Gather');
    expect(await compareEngines(program, inputs, 1e-6)).toBeUndefined();
  });
});

test('a part of an array whose axes stand in another order', async () => {
  const { program, inputs } = programOf((ops, x) => parts(0, [3, 4], [0, 3])(ops, ops.permute(x, [1, 0, 2])));
  expect(await compareEngines(program, inputs, 0)).toBeUndefined();
});

test('a part of an array that repeats', async () => {
  const { program, inputs } = programOf((ops, x) => {
    const wide = ops.broadcast(ops.sum(x, [1]), SHAPE, [0, 2]);
    return ops.mul(parts(1, [3, 4], [0, 3])(ops, wide), x);
  });
  expect(await compareEngines(program, inputs, 1e-5)).toBeUndefined();
});
