/** Tests that a long program is run stretch by stretch: a sum of many terms is added up while they are made. */

import { expect, it } from 'vitest';
import { compileProgram } from '../../../src/compile/compile.ts';
import { lowerProgram } from '../../../src/compile/onnx/lower.ts';
import { loadOnnx } from '../../../src/compile/onnx/session.ts';
import { evaluateProgram } from '../../../src/interpret/evaluate.ts';
import type { Atom } from '../../../src/ir/program.ts';
import { newOps } from '../../../src/primitives/table.ts';

const manySums = (terms: number) => {
  const ops = newOps();
  const x = ops.input({ shape: [3], dtype: 'float64' });
  let sum: Atom = ops.sum(x, [0]);
  for (let k = 0; k < terms; k++) sum = ops.add(sum, ops.sum(ops.unary('exp', ops.mul(x, -k / terms)), [0]));
  return ops.build([sum]);
};

it('reaches the sum once a stretch', async () => {
  const program = manySums(1000);
  const { nodes } = lowerProgram(program);
  const makers = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node.opType])));
  const reached = nodes.filter(({ opType }) => opType === 'Size').map(({ inputs: [name] }) => makers.get(name));
  expect(reached.length).toBeGreaterThanOrEqual(Math.floor(program.equations.length / 64));
  expect(new Set(reached)).toEqual(new Set(['Add']));
  const value = { shape: [3], dtype: 'float64' as const, data: Float64Array.of(0.1, -2, 3) };
  const loaded = await loadOnnx(compileProgram(program, 'onnx'), 1);
  const [result] = await loaded.run([value]);
  await loaded.dispose();
  const [expected] = evaluateProgram(program, [value]);
  expect(Math.abs(result.data[0] / expected.data[0] - 1)).toBeLessThan(1e-12);
});

it('leaves short programs to the engine', () => {
  expect(lowerProgram(manySums(100)).nodes.filter(({ opType }) => opType === 'Size')).toEqual([]);
});
