/** Equations taken over from another program: as they are over the same variables, anew where something differs. */

import { describe, expect, test } from 'vitest';
import type { Program } from '../../src/ir/program.ts';
import { newOps } from '../../src/primitives/table.ts';
import { replay } from '../../src/transforms/replay.ts';

const made = (): Program => {
  const ops = newOps();
  const x = ops.input({ shape: [3], dtype: 'float32' });
  return ops.build([ops.mul(ops.unary('tanh', x), ops.unary('exp', x))]);
};

describe('replay', () => {
  test('over its own inputs takes the equations themselves', () => {
    const program = made();
    const ops = newOps();
    const outputs = replay(ops, program, ops.adoptInputs(program));
    expect(outputs).toEqual(program.outputs);
    expect(ops.build(outputs).equations.every((e, i) => e === program.equations[i])).toBe(true);
  });

  test('twice adds nothing', () => {
    const program = made();
    const ops = newOps();
    const inputs = ops.adoptInputs(program);
    replay(ops, program, inputs);
    replay(ops, program, inputs);
    expect(ops.equations.length).toBe(program.equations.length);
  });

  test('shares an equation that was made here before', () => {
    const program = made();
    const ops = newOps();
    const [x] = ops.adoptInputs(program);
    const tanh = ops.unary('tanh', x);
    const outputs = replay(ops, program, [x]);
    expect(ops.equations.filter((e) => e.primitive === 'tanh').map((e) => e.output)).toEqual([tanh]);
    expect(ops.maker(outputs[0])?.inputs[0]).toBe(tanh);
  });

  test('of the same equations in another region makes them again', () => {
    const program = made();
    const ops = newOps();
    const inputs = ops.adoptInputs(program);
    const [first] = replay(ops, program, inputs);
    const again = { ...program, equations: program.equations.map((e) => ({ ...e, region: 1 })) };
    const [second] = replay(ops, again, inputs);
    expect(second).not.toBe(first);
    expect(ops.equations.map((e) => e.region ?? 0)).toEqual([0, 0, 0, 1, 1, 1]);
  });
});
