/** Transposes taken apart: the steps together are the transpose. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { transposeSteps } from '../../../src/compile/onnx/transpose-steps.ts';
import { sizeOf, stridesOf } from '../../../src/ir/aval.ts';

const transposed = (data: readonly number[], shape: readonly number[], permutation: readonly number[]): number[] => {
  const strides = stridesOf(shape);
  const result = permutation.map((axis) => shape[axis]);
  const own = stridesOf(result);
  return data.map((_, i) => {
    let at = 0;
    for (const [k, axis] of permutation.entries()) at += (Math.floor(i / own[k]) % result[k]) * strides[axis];
    return data[at];
  });
};

describe('the steps of a transpose', () => {
  it('are the transpose', () => {
    const cases = fc
      .array(fc.constantFrom(2, 3, 16, 40, 200), { minLength: 2, maxLength: 5 })
      .filter((shape) => sizeOf(shape) < 20_000)
      .chain((shape) =>
        fc.record({
          shape: fc.constant(shape),
          permutation: fc.shuffledSubarray(
            shape.map((_, i) => i),
            { minLength: shape.length },
          ),
          dtype: fc.constantFrom('float32' as const, 'float64' as const),
        }),
      );
    fc.assert(
      fc.property(cases, ({ shape, permutation, dtype }) => {
        const data = Array.from({ length: sizeOf(shape) }, (_, i) => i);
        let stepped = data;
        for (const step of transposeSteps(shape, permutation, dtype)) {
          stepped = transposed(stepped, step.shape, step.permutation);
        }
        const expected = transposed(data, shape, permutation);
        expect(stepped.every((v, i) => v === expected[i])).toBe(true);
      }),
    );
  });

  it.each([
    [[256, 1024], 2],
    [[16384, 16], 1],
    [[1000, 1000], 1],
    [[100, 1000], 2],
    [[1009, 1013], 1],
    [[64, 64], 1],
  ])('of a float64 matrix [%s]: %i', (shape, count) => {
    const steps = transposeSteps(shape, [1, 0], 'float64');
    expect(steps).toHaveLength(count);
    const data = Array.from({ length: sizeOf(shape) }, (_, i) => i);
    const stepped = steps.reduce((x, step) => transposed(x, step.shape, step.permutation), data);
    expect(stepped).toEqual(transposed(data, shape, [1, 0]));
  });
});
