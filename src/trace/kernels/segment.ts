/** Sums and means of the rows that belong together. */

import { backend_util } from '@tensorflow/tfjs-core';
import { DiffopsError } from '../../errors.ts';
import type { TypedArray } from '../../ir/aval.ts';
import type { Atom } from '../../ir/program.ts';
import type { KernelContext, KernelFamily, KernelRule } from '../kernel.ts';
import { asFloat, throughFloat, unsupported } from './operands.ts';

const invalid = (kernel: string, message: string): DiffopsError =>
  new DiffopsError('FUNCTION', `${kernel}: ${message}. Correct its indices or its segment ids.`, { kernel });

/** How many rows each segment has: as many segments as the last id says. The ids grow, as tfjs demands. */
const segmentSizes = (kernel: string, ids: TypedArray): Float64Array => {
  const wrong = ids.findIndex((id, i) => (i === 0 ? id < 0 : id < ids[i - 1]));
  if (wrong === 0) throw invalid(kernel, backend_util.getSparseSegmentReductionNegativeSegmentIdsErrorMessage());
  if (wrong > 0) {
    throw invalid(kernel, backend_util.getSparseSegmentReductionNonIncreasingSegmentIdsErrorMessage());
  }
  const sizes = new Float64Array((ids.at(-1) ?? -1) + 1);
  for (const id of ids) sizes[id]++;
  return sizes;
};

const checkRows = (kernel: string, indices: TypedArray, rows: number): void => {
  const wrong = indices.findIndex((index) => index < 0 || index >= rows);
  if (wrong < 0) return;
  const message = backend_util.getSparseSegmentReductionIndicesOutOfRangeErrorMessage(wrong, indices[wrong], rows);
  throw invalid(kernel, message);
};

type Finish = (context: KernelContext, sums: Atom, sizes: Float64Array) => Atom;

const sparseSegments =
  (kernel: string, finish: Finish): KernelRule =>
  (context, { data, indices, segmentIds }) => {
    const { ops } = context;
    const ids = context.constant(segmentIds)?.data;
    if (!ids) {
      const limit = 'the last id says how many segments there are, and a program has fixed shapes.';
      throw unsupported(
        kernel,
        'segment ids that depend on x or data',
        limit,
        'Use constant ids, or tf.unsortedSegmentSum over tf.gather, which is told the number.',
      );
    }
    const sizes = segmentSizes(kernel, ids);
    const known = context.constant(indices)?.data;
    if (known) checkRows(kernel, known, data.aval.shape[0]);
    return throughFloat(context, data, (rows) => {
      const taken = ops.gather(rows, ops.cast(indices, 'int32'), 0);
      return finish(context, ops.scatterAdd(taken, ops.cast(segmentIds, 'int32'), 0, sizes.length), sizes);
    });
  };

/** Divided by their sizes; a segment without rows is 0. */
const mean: Finish = ({ ops, capture }, sums, sizes) => {
  const { shape, dtype } = sums.aval;
  const data = dtype === 'float64' ? sizes.map((n) => Math.max(n, 1)) : Float32Array.from(sizes, (n) => Math.max(n, 1));
  const divisors = capture({ shape: [sizes.length], dtype, data });
  return ops.div(sums, ops.broadcast(divisors, shape, [0]));
};

/** Ids that name no segment drop out, as with tfjs' masks. */
const unsortedSegmentSum: KernelRule = (context, { x, segmentIds }, { numSegments }: { numSegments: number }) =>
  context.ops.scatterAdd(asFloat(context, x), context.ops.cast(segmentIds, 'int32'), 0, numSegments);

export const segments = {
  UnsortedSegmentSum: unsortedSegmentSum,
  SparseSegmentSum: sparseSegments('SparseSegmentSum', (_context, sums) => sums),
  SparseSegmentMean: sparseSegments('SparseSegmentMean', mean),
} satisfies KernelFamily;
