/** Runs a planned matrix tile by tile, interpreted or on the engine: the shortest way from a plan to numbers. */

import { compileProgram } from '../../src/compile/compile.ts';
import { loadArtifact } from '../../src/compile/load.ts';
import { checkProgram } from '../../src/interpret/check.ts';
import { evaluateProgram } from '../../src/interpret/evaluate.ts';
import type { Value } from '../../src/ir/aval.ts';
import type { Planned, PlannedGroup } from '../../src/plan/plan.ts';
import type { Tile } from '../../src/pool/job.ts';
import { seedsOf } from '../../src/pool/run-job.ts';
import { runOn } from '../compile/support.ts';

/** Writes a tile's outputs to their places, mirrored where the matrix is symmetric. */
const place = ({ columns, groups }: Planned, matrix: Float64Array, tile: Tile, outputs: readonly Value[]): void => {
  const group = groups[tile.group];
  let next = 0;
  for (const { offset, size, batch, placed } of group.outputs) {
    const { data } = outputs[next++];
    const places = placed ? outputs[next++].data : undefined;
    for (let s = 0; s < tile.count; s++) {
      if (places && places[s] < 0) continue;
      for (let e = 0; e < size; e++) {
        const value = data[batch === 'leading' ? s * size + e : e * group.width + s];
        const seed = tile.start + s;
        const other = offset + (places?.[s] ?? 0) + e;
        if (group.placement === 'row') matrix[seed * columns + other] = value;
        else if (group.placement === 'column') matrix[other * columns + seed] = value;
        else if (other >= seed) {
          matrix[seed * columns + other] = value;
          matrix[other * columns + seed] = value;
        }
      }
    }
  }
};

/** What is never written is zero. */
const emptyMatrix = ({ rows, columns }: Planned): Float64Array => new Float64Array(rows * columns);

const sourcesOf = (group: PlannedGroup, inputs: readonly Value[], residuals: readonly Value[]): Value[] =>
  group.sources.map((s) => (s.from === 'input' ? inputs : residuals)[s.index]);

export const runPlanned = (planned: Planned, inputs: readonly Value[]): Float64Array => {
  const { point, groups, tiles } = planned;
  const matrix = emptyMatrix(planned);
  if (point) checkProgram(point);
  const residuals = point ? evaluateProgram(point, inputs) : [];
  for (const tile of tiles) {
    const group = groups[tile.group];
    checkProgram(group.program);
    const known = sourcesOf(group, inputs, residuals);
    place(planned, matrix, tile, evaluateProgram(group.program, [...known, seedsOf(group, tile)]));
  }
  return matrix;
};

/** The same on the engines that the plan names. */
export const runOnEngine = async (planned: Planned, inputs: readonly Value[]): Promise<Float64Array> => {
  const { point, pointEngine, groups, tiles } = planned;
  const matrix = emptyMatrix(planned);
  const residuals = (point && (await runOn(pointEngine, point, inputs))) ?? [];
  for (const [k, group] of groups.entries()) {
    const executable = await loadArtifact(compileProgram(group.program, group.engine), { threads: 1 });
    const known = sourcesOf(group, inputs, residuals);
    for (const tile of tiles) {
      if (tile.group === k) place(planned, matrix, tile, await executable.run([...known, seedsOf(group, tile)]));
    }
    await executable.dispose();
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
