/** From a linear program over one seed to the program that a tile runs: seeds by index, batched, outputs flattened. */

import { type FloatDtype, sizeOf } from '../ir/aval.ts';
import type { Program } from '../ir/program.ts';
import type { TileOutput } from '../pool/job.ts';
import { batchedAt } from '../primitives/batching.ts';
import type { Batched } from '../primitives/primitive.ts';
import { newOps } from '../primitives/table.ts';
import { contract } from '../transforms/contract/contract.ts';
import type { SeedRequest } from '../transforms/contract/seed-request.ts';
import { partition } from '../transforms/partition.ts';
import { denseSeeds } from '../transforms/unit-seeds.ts';
import { vmapInto } from '../transforms/vmap.ts';

export interface TileProgram {
  /** What more is computed at the point: (…known inputs of `rest`) → (…known inputs of `program`). Null: nothing. */
  readonly point: Program | null;
  /** (…known inputs, seed indices int32[width]) → one array per output, flattened on both sides of the batch, and places. */
  readonly program: Program;
  readonly outputs: readonly TileOutput[];
}

export interface TileRequest extends SeedRequest {
  /** Where each output lies on the other side of the matrix. */
  readonly offsets: readonly number[];
}

/**
 * `rest` takes `knownCount` known inputs, then one tangent (or cotangent) per seeded leaf. Seed index i, counted
 * over those leaves one after the other, stands for the unit vector e_i: one_hot(i − offset of the leaf).
 * `offsets[k]` is where output k lies on the other side of the matrix. Values start with the batch in front of their
 * own axes or behind them: behind, ops that move elements move long runs.
 */
export const tileProgram = (
  rest: Program,
  { knownCount, width, shift, offsets, structured }: TileRequest,
  batchAxis: 'leading' | 'trailing',
): TileProgram => {
  const ops = newOps();
  const known = rest.inputs
    .slice(0, knownCount)
    .map((v): Batched => ({ value: ops.input(v.aval, v.scope), axis: null }));
  const indices = ops.input({ shape: [width], dtype: 'int32' }, 'seeds');
  let offset = 0;
  const seeds = rest.inputs.slice(knownCount).map((v): Batched => {
    const { shape, dtype } = v.aval;
    const size = sizeOf(shape);
    const local = ops.add(indices, shift - offset);
    offset += size;
    if (structured && batchAxis === 'leading') {
      return { value: ops.reshape(ops.oneHot(local, size, dtype as FloatDtype), [width, ...shape]), axis: 0 };
    }
    const value = denseSeeds(ops, local, shape, dtype as FloatDtype, batchAxis);
    return { value, axis: batchAxis === 'leading' ? 0 : shape.length };
  });
  const outputs: TileOutput[] = [];
  const atoms = vmapInto(ops, rest, [...known, ...seeds], width).map((batched, k) => {
    const { shape } = rest.outputs[k].aval;
    const size = sizeOf(shape);
    // A batch axis that came out last stays there; the stitcher takes both.
    const batch = batched.axis === shape.length && shape.length > 0 ? 'trailing' : 'leading';
    outputs.push({ offset: offsets[k], size, batch });
    const placed = batchedAt(ops, batched, width, batch === 'trailing' ? shape.length : 0);
    return ops.reshape(placed, batch === 'trailing' ? [size, width] : [width, size]);
  });
  return { point: null, program: ops.build(atoms), outputs };
};

/**
 * Like `tileProgram`, by contraction. `tiles`: how many share the products of constants that are made at the point;
 * null: none are, and each tile makes its own.
 */
export const contractedTileProgram = (
  rest: Program,
  { offsets, ...request }: TileRequest,
  tiles: number | null,
): TileProgram => {
  const { program: contracted, pieces } = contract(rest, request, tiles ?? 1);
  const outputs = pieces.flatMap((parts, k) =>
    parts.map((part): TileOutput => ({ offset: offsets[k], batch: 'leading', ...part })),
  );
  if (tiles === null) return { point: null, program: contracted, outputs };
  const { point, rest: program } = partition(
    contracted,
    contracted.inputs.map((_, i) => i === request.knownCount),
  );
  return { point, program, outputs };
};
