/** Tests that terms which differ by constants alone share their loops, and that the constants are right. */

import { expect, it } from 'vitest';
import { compileProgram } from '../../src/compile/compile.ts';
import { loadNative } from '../../src/compile/native/session.ts';
import { fuse } from '../../src/fusion/fuse.ts';
import { evaluateProgram } from '../../src/interpret/evaluate.ts';
import type { FloatDtype, Shape } from '../../src/ir/aval.ts';
import type { Atom } from '../../src/ir/program.ts';
import { newOps } from '../../src/primitives/table.ts';

/** Σ (cₖ·x + dₖ)·select(x > eₖ, −0, cₖ), with constants that are all different. */
const manyTerms = (terms: number, shape: Shape, dtype: FloatDtype) => {
  const ops = newOps();
  const x = ops.input({ shape, dtype });
  let sum: Atom = ops.full(x, 0.5);
  for (let k = 0; k < terms; k++) {
    const [c, d, e] = [1.25 + k / 64, k / 32 - 7.751, k / 128 - 1.503].map((value) => ops.full(x, value));
    const factor = ops.select(ops.emit('gt', [x, e], {}), ops.full(x, -0), c);
    sum = ops.add(sum, ops.mul(ops.add(ops.mul(c, x), d), factor));
  }
  return ops.build([sum]);
};

for (const dtype of ['float32', 'float64'] as const) {
  it(`shares loops, in ${dtype}`, async () => {
    for (const shape of [[], [7], [3, 20]]) {
      const program = manyTerms(400, shape, dtype);
      const { kernels, constants } = fuse(program);
      expect(kernels.length).toBeLessThan(20);
      expect(constants.length).toBe(1201);
      const size = shape.reduce((product, d) => product * d, 1);
      const values = Array.from({ length: size }, (_, i) => Math.sin(5 * i));
      const data = dtype === 'float32' ? Float32Array.from(values) : Float64Array.from(values);
      const value = { shape, dtype, data };
      // Two at a time: each has constants of its own in the thread's memory.
      const other = manyTerms(401, shape, dtype);
      const executables = [program, other].map((p) => loadNative(compileProgram(p, 'native')));
      for (const [k, p] of [program, other].entries()) {
        const [result] = await executables[k].run([value]);
        const [expected] = evaluateProgram(p, [value]);
        for (const [i, wanted] of expected.data.entries()) {
          expect(Math.abs(result.data[i] - wanted)).toBeLessThan((dtype === 'float32' ? 1e-5 : 1e-14) * 4000);
        }
      }
      for (const executable of executables) await executable.dispose();
    }
  });
}

it('leaves few constants in the code', () => {
  expect(fuse(manyTerms(20, [7], 'float64')).constants).toEqual([]);
});
