/** Tests that no value of a graph has so many consumers that the engine takes long to load it. */

import { expect, it } from 'vitest';
import { compileProgram } from '../../../src/compile/compile.ts';
import { MOST_CONSUMERS } from '../../../src/compile/onnx/fan-out.ts';
import { lowerProgram } from '../../../src/compile/onnx/lower.ts';
import { loadOnnx } from '../../../src/compile/onnx/session.ts';
import { evaluateProgram } from '../../../src/interpret/evaluate.ts';
import type { Atom } from '../../../src/ir/program.ts';
import { newOps } from '../../../src/primitives/table.ts';

const manyTerms = (terms: number) => {
  const ops = newOps();
  const x = ops.input({ shape: [3], dtype: 'float64' });
  const y = ops.unary('neg', x);
  let sum: Atom = x;
  for (let k = 0; k < terms; k++) sum = ops.add(sum, ops.mul(ops.mul(x, k + 2), ops.mul(y, k + 2.5)));
  return ops.build([sum]);
};

it('hands a value on where thousands read it', async () => {
  const program = manyTerms(2000);
  const { nodes, inputs, initializers } = lowerProgram(program);
  const constants = new Set(initializers.map(({ name }) => name));
  const consumers = new Map<string, number>();
  for (const node of nodes) for (const name of node.inputs) consumers.set(name, (consumers.get(name) ?? 0) + 1);
  const most = Math.max(...[...consumers].filter(([name]) => !constants.has(name)).map(([, count]) => count));
  expect(inputs).toHaveLength(1);
  expect(most).toBeLessThanOrEqual(MOST_CONSUMERS);
  const value = { shape: [3], dtype: 'float64' as const, data: Float64Array.of(0.1, -2, 3) };
  const loaded = await loadOnnx(compileProgram(program, 'onnx'), 1);
  const [result] = await loaded.run([value]);
  await loaded.dispose();
  expect(result.data).toEqual(evaluateProgram(program, [value])[0].data);
});

it('leaves a graph alone in which none has many', () => {
  const { nodes } = lowerProgram(manyTerms(50));
  expect(nodes.filter(({ opType }) => opType === 'Reshape')).toEqual([]);
});
