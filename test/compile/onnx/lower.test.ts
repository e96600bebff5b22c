/** The graphs that programs become: broadcasts that are never carried out, models of a size and speed. */

import { describe, expect, it } from 'vitest';
import { legalize } from '../../../src/compile/onnx/legalize.ts';
import { lowerProgram } from '../../../src/compile/onnx/lower.ts';
import { encodeModel } from '../../../src/compile/onnx/model.ts';
import type { Atom } from '../../../src/ir/program.ts';
import type { Ops } from '../../../src/primitives/ops.ts';
import { newOps } from '../../../src/primitives/table.ts';

/** The operators of a program's graph. */
const nodesOf = (build: (ops: Ops) => Atom[]): string[] => {
  const ops = newOps();
  return lowerProgram(legalize(ops.build(build(ops)))).nodes.map((node) => node.opType);
};

describe('a broadcast', () => {
  const operands = (ops: Ops): [Atom, Atom, Atom] => [
    ops.input({ shape: [8, 16, 4], dtype: 'float32' }),
    ops.input({ shape: [4], dtype: 'float32' }),
    ops.input({ shape: [8], dtype: 'float32' }),
  ];

  it('meets its consumers as it is', () => {
    const nodes = nodesOf((ops) => {
      const [x, row, column] = operands(ops);
      const scaled = ops.mul(x, ops.broadcast(row, [8, 16, 4], [2]));
      return [ops.add(scaled, ops.broadcast(column, [8, 16, 4], [0]))];
    });
    expect(nodes).toEqual(['Mul', 'Reshape', 'Add']);
  });

  it('is carried through movement and reductions', () => {
    const nodes = nodesOf((ops) => {
      const [, row] = operands(ops);
      const wide = ops.unary('exp', ops.broadcast(row, [8, 16, 4], [2]));
      const moved = ops.reshape(ops.permute(ops.slice(wide, [0, 0, 1], [8, 9, 4]), [2, 0, 1]), [3, 72]);
      return [ops.sum(moved, [1])];
    });
    // The folds of the builder do the rest: 72 times the slice of exp.
    expect(nodes).not.toContain('Expand');
    expect(nodes.filter((op) => op !== 'Reshape')).toEqual(['Exp', 'Slice', 'Mul']);
  });

  it('is carried out where it leaves the program', () => {
    expect(nodesOf((ops) => [ops.broadcast(operands(ops)[1], [8, 4], [1])])).toEqual(['Expand']);
  });
});

describe('a reshape', () => {
  it('costs nothing at the end, and one node after others', () => {
    const nodes = nodesOf((ops) => {
      const x = ops.input({ shape: [4, 6], dtype: 'float32' });
      const y = ops.reshape(ops.neg(x), [2, 12]);
      return [ops.reshape(ops.unary('exp', ops.reshape(y, [3, 8])), [24])];
    });
    expect(nodes).toEqual(['Neg', 'Reshape', 'Exp']);
  });
});

describe('a large program', () => {
  it('of 10 000 equations becomes bytes in well under a second', () => {
    const ops = newOps();
    const x = ops.input({ shape: [16], dtype: 'float32' });
    let y = x as Atom;
    for (let i = 0; i < 5000; i++) y = ops.unary('tanh', ops.add(y, x));
    const program = legalize(ops.build([y]));
    let took = Number.POSITIVE_INFINITY;
    let bytes: Uint8Array = new Uint8Array();
    // The best of three: the first one also compiles the code itself.
    for (let i = 0; i < 3; i++) {
      const began = performance.now();
      bytes = encodeModel(lowerProgram(program));
      took = Math.min(took, performance.now() - began);
    }
    expect(bytes.length).toBeGreaterThan(10_000 * 20);
    expect(bytes.length).toBeLessThan(10_000 * 80);
    expect(took).toBeLessThan(300);
  });
});
