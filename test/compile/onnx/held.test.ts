/** Tests that the engine holds no value without axes: those it never takes off the list of memory to use again. */

import { expect, it } from 'vitest';
import { compileProgram } from '../../../src/compile/compile.ts';
import { lowerProgram } from '../../../src/compile/onnx/lower.ts';
import { loadOnnx } from '../../../src/compile/onnx/session.ts';
import { evaluateProgram } from '../../../src/interpret/evaluate.ts';
import type { Atom } from '../../../src/ir/program.ts';
import { newOps } from '../../../src/primitives/table.ts';

/** Every kind of result that has no axes; all of them are outputs, whose shapes the engine checks. */
const scalars = () => {
  const ops = newOps();
  const dtype = 'float64';
  const x = ops.input({ shape: [], dtype });
  const v = ops.input({ shape: [20], dtype });
  const m = ops.input({ shape: [3, 4], dtype });
  const place = ops.input({ shape: [], dtype: 'int32' });
  const one = ops.reshape(ops.sliceAxis(v, 0, 2, 3), []);
  const results: Atom[] = [
    x,
    ops.mul(x, 3),
    ops.unary('is_nan', x),
    one,
    ops.add(ops.reshape(x, [1]), ops.unary('neg', ops.reshape(one, [1]))),
    ops.sum(v, [0]),
    ops.sum(m, [0, 1]),
    ops.reduceMax(v, [0]),
    ops.reduceMax(m, [0, 1]),
    ops.reduceMin(ops.sliceAxis(v, 0, 0, 4), [0]),
    ops.argmax(v, 0),
    ops.dot(v, v, { lhs: [0], rhs: [0], out: [] }),
    ops.dot(m, m, { lhs: [0, 1], rhs: [0, 1], out: [] }),
    ops.gather(v, place, 0),
    ops.gather(m, place, 1),
    ops.emit('one_hot', [place], { depth: 5, dtype }),
    ops.mul(ops.mul(x, one), ops.broadcast(x, [], [])),
  ];
  return ops.build(results);
};

it('runs what has no axes', async () => {
  const program = scalars();
  const data = Float64Array.from({ length: 20 }, (_, i) => Math.sin(7 * i));
  const inputs = [
    { shape: [], dtype: 'float64' as const, data: Float64Array.of(0.3) },
    { shape: [20], dtype: 'float64' as const, data },
    { shape: [3, 4], dtype: 'float64' as const, data: data.slice(3, 15) },
    { shape: [], dtype: 'int32' as const, data: Int32Array.of(2) },
  ];
  const loaded = await loadOnnx(compileProgram(program, 'onnx'), 1);
  const results = await loaded.run(inputs);
  await loaded.dispose();
  for (const [k, expected] of evaluateProgram(program, inputs).entries()) {
    expect(results[k].shape).toEqual(expected.shape);
    for (const [i, value] of expected.data.entries()) expect(results[k].data[i]).toBeCloseTo(value, 13);
  }
});

it('holds each with one', () => {
  const { inputs, outputs, nodes } = lowerProgram(scalars());
  for (const { shape } of [...inputs, ...outputs]) expect(shape.length).toBeGreaterThan(0);
  const reductions = nodes.filter(({ opType, attributes }) => opType.startsWith('Reduce') && attributes.keepdims === 0);
  expect(reductions).toEqual([]);
});

it('reshapes nothing where arrays of one element meet', () => {
  const ops = newOps();
  let sum: Atom = ops.input({ shape: [1], dtype: 'float64' });
  const x = ops.input({ shape: [], dtype: 'float64' });
  for (let k = 0; k < 5; k++) sum = ops.add(ops.mul(sum, k + 0.5), ops.broadcast(ops.unary('sin', x), [1], []));
  const { nodes } = lowerProgram(ops.build([sum]));
  expect(nodes.filter(({ opType }) => opType === 'Reshape')).toEqual([]);
});
