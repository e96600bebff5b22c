/** Runs a planned matrix in the interpreter, tile by tile: the shortest way from a plan to numbers. */

import { checkProgram } from '../../src/interpret/check.ts';
import { evaluateProgram } from '../../src/interpret/evaluate.ts';
import type { Value } from '../../src/ir/aval.ts';
import type { Planned } from '../../src/plan/plan.ts';
import { seedsOf } from '../../src/pool/run-job.ts';

export const runPlanned = (planned: Planned, inputs: readonly Value[]): Float64Array => {
  const { rows, columns, point, groups, tiles } = planned;
  const matrix = new Float64Array(rows * columns).fill(Number.NaN);
  if (point) checkProgram(point);
  const residuals = point ? evaluateProgram(point, inputs) : [];
  for (const tile of tiles) {
    const group = groups[tile.group];
    checkProgram(group.program);
    const known = group.sources.map((s) => (s.from === 'input' ? inputs : residuals)[s.index]);
    const outputs = evaluateProgram(group.program, [...known, seedsOf(group, tile)]);
    for (const [k, { offset, size, batch }] of group.outputs.entries()) {
      for (let s = 0; s < tile.count; s++) {
        for (let e = 0; e < size; e++) {
          const value = outputs[k].data[batch === 'leading' ? s * size + e : e * group.width + s];
          const seed = tile.start + s;
          const other = offset + e;
          if (group.placement === 'row') matrix[seed * columns + other] = value;
          else if (group.placement === 'column') matrix[other * columns + seed] = value;
          else if (other >= seed) {
            matrix[seed * columns + other] = value;
            matrix[other * columns + seed] = value;
          }
        }
      }
    }
  }
  return matrix;
};

/** Central differences of a vector function of several arrays: the matrix of its derivatives, row-major. */
export const finiteDifferences = (
  f: (inputs: readonly Value[]) => Float64Array,
  inputs: readonly Value[],
  leaves: number,
  step = 1e-5,
): Float64Array => {
  const columns: Float64Array[] = [];
  const moved = (leaf: number, element: number, by: number): Value[] =>
    inputs.map((v, i) => {
      if (i !== leaf) return v;
      const data = Float64Array.from(v.data);
      data[element] += by;
      return { ...v, data };
    });
  for (let leaf = 0; leaf < leaves; leaf++) {
    for (let element = 0; element < inputs[leaf].data.length; element++) {
      const up = f(moved(leaf, element, step));
      const down = f(moved(leaf, element, -step));
      columns.push(up.map((v, i) => (v - down[i]) / (2 * step)));
    }
  }
  const rows = columns[0].length;
  const matrix = new Float64Array(rows * columns.length);
  for (const [j, column] of columns.entries())
    for (let i = 0; i < rows; i++) matrix[i * columns.length + j] = column[i];
  return matrix;
};

export const maxDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i]);
    // A NaN in either is never a small difference.
    if (!(difference <= worst)) worst = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
  }
  return worst;
};
