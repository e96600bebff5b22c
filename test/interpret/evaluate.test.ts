/** The plain evaluator: order, literals, outputs, buffers used again, and the executable made of it. */

import { describe, expect, it } from 'vitest';
import { evaluateProgram, makeInterpreted } from '../../src/interpret/evaluate.ts';
import { interpretedArtifact, interpretedExecutable } from '../../src/interpret/executable.ts';
import type { Atom } from '../../src/ir/program.ts';
import { newOps } from '../../src/primitives/table.ts';
import { given } from '../primitives/support.ts';

const float = (...shape: number[]) => ({ shape, dtype: 'float64' as const });

describe('evaluateProgram', () => {
  it('gives outputs that are literals, inputs, equations, or the same twice', () => {
    const ops = newOps();
    const x = ops.input(float(2));
    const y = ops.add(ops.mul(x, x), 1);
    const program = ops.build([y, ops.literal(3, [2, 2], 'float64'), x, y]);
    const [a, b, c, d] = evaluateProgram(program, [given([2], [2, 3])]);
    expect([...a.data]).toEqual([5, 10]);
    expect([...b.data]).toEqual([3, 3, 3, 3]);
    expect([...c.data]).toEqual([2, 3]);
    expect(d).toBe(a);
  });

  it('takes literals element by element where that is enough, and in full elsewhere', () => {
    const ops = newOps();
    const x = ops.input(float(2, 2));
    const chosen = ops.select(ops.binary('gt', x, 0), x, 7);
    const joined = ops.concat([chosen, ops.literal(1, [1, 2], 'float64'), ops.literal(2, [1, 2], 'float64')], 0);
    const [result] = evaluateProgram(ops.build([joined]), [given([2, 2], [1, -1, 2, -2])]);
    expect([...result.data]).toEqual([1, 7, 2, 7, 1, 1, 2, 2]);
  });

  it('refuses another number of inputs', () => {
    const ops = newOps();
    const x = ops.input(float());
    expect(() => evaluateProgram(ops.build([ops.neg(x)]), [])).toThrow('takes 1 inputs; 0 were given');
  });
});

describe('makeInterpreted', () => {
  it('gives a run the values of no other, and leaves inputs and earlier results as they are', () => {
    const ops = newOps();
    const x = ops.input(float(3));
    // Values of one shape that come and go, and a scatter and a pad that count on zeros.
    let y: Atom = x;
    for (let i = 0; i < 6; i++) y = ops.add(ops.unary('sin', y), ops.mul(y, 0.5));
    const scattered = ops.scatterAdd(y, ops.cast(ops.mul(x, 0.1), 'int32'), 0, 3);
    const padded = ops.slice(ops.pad(ops.unary('exp', scattered), [2], [1]), [1], [4]);
    const run = makeInterpreted(ops.build([padded, y]));
    const first = given([3], [1, 2, 3]);
    const second = given([3], [-1, 0, 2]);
    const once = run([first]);
    const kept = once.map((v) => [...v.data]);
    const other = run([second]);
    const again = run([first]);
    expect(once.map((v) => [...v.data])).toEqual(kept);
    expect(again.map((v) => [...v.data])).toEqual(kept);
    expect(other.map((v) => [...v.data])).not.toEqual(kept);
    expect([...first.data]).toEqual([1, 2, 3]);
  });
});

describe('the interpreted executable', () => {
  it('runs the program that its artifact carries', async () => {
    const ops = newOps();
    const x = ops.input(float(2));
    const program = ops.build([ops.sum(ops.mul(x, x), [0])]);
    const artifact = structuredClone(interpretedArtifact(program));
    const executable = interpretedExecutable(artifact);
    expect(executable.inputs).toEqual([float(2)]);
    expect(executable.outputs).toEqual([float()]);
    const [result] = await executable.run([given([2], [3, 4])]);
    expect(result.data[0]).toBe(25);
    await executable.dispose();
  });

  it('has a key that is the same for equal programs, and refuses artifacts of others', () => {
    const square = (n: number) => {
      const ops = newOps();
      const x = ops.input(float(n));
      return interpretedArtifact(ops.build([ops.mul(x, x)]));
    };
    expect(square(2).key).toBe(square(2).key);
    expect(square(2).key).not.toBe(square(3).key);
    expect(() => interpretedExecutable({ ...square(2), engine: 'onnx' })).toThrow('artifact of onnx');
  });
});
