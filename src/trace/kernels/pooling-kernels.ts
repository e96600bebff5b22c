/** The tfjs kernels that pool: their attributes read, their work given to `pooling.ts`. */

import { backend_util } from '@tensorflow/tfjs-core';
import type { Shape } from '../../ir/aval.ts';
import type { Atom } from '../../ir/program.ts';
import type { KernelContext, KernelFamily, KernelRule } from '../kernel.ts';
import { asFloat, throughFloat } from './operands.ts';
import { averagePool, averagePoolGradient, maxPool, maxPoolGradient, maxPoolPositions } from './pooling.ts';
import { countedBy, type SpatialAxis, spatialAxes } from './spatial.ts';

interface PoolingAttrs {
  readonly filterSize: number | number[];
  readonly strides: number | number[];
  readonly pad: 'valid' | 'same' | number | number[][];
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
  readonly dataFormat?: string;
  readonly includeBatchInIndex?: boolean;
}

type Read = (input: Shape, attrs: PoolingAttrs) => SpatialAxis[];

const read2D: Read = (input, { filterSize, strides, pad, dimRoundingMode }) =>
  spatialAxes(
    backend_util.computePool2DInfo(
      [...input] as [number, number, number, number],
      filterSize as number,
      strides as number,
      1,
      pad as 'valid',
      dimRoundingMode,
    ),
  );

const read3D: Read = (input, { filterSize, strides, pad, dimRoundingMode }) =>
  spatialAxes(
    backend_util.computePool3DInfo(
      [...input] as [number, number, number, number, number],
      filterSize as number,
      strides as number,
      1,
      pad as 'valid',
      dimRoundingMode,
    ),
  );

type Pool = (context: KernelContext, x: Atom, axes: readonly SpatialAxis[]) => Atom;

const pool2D =
  (pool: Pool): KernelRule =>
  (context, { x }, attrs: PoolingAttrs) =>
    throughFloat(context, x, (v) => pool(context, v, read2D(x.aval.shape, attrs)));

/** Pooling over three axes gives floats, whatever it was given. */
const pool3D =
  (pool: Pool): KernelRule =>
  (context, { x }, attrs: PoolingAttrs) =>
    pool(context, asFloat(context, x), read3D(x.aval.shape, attrs));

const maxGradient =
  (read: Read): KernelRule =>
  (context, { dy, input }, attrs: PoolingAttrs) =>
    maxPoolGradient(context, dy, asFloat(context, input), countedBy(read(input.aval.shape, attrs), dy.aval.shape));

const averageGradient =
  (read: Read, least: 0 | 1): KernelRule =>
  (context, { dy, input }, attrs: PoolingAttrs) =>
    averagePoolGradient(context, dy, countedBy(read(input.aval.shape, attrs), dy.aval.shape), least);

const average =
  (least: 0 | 1): Pool =>
  (context, x, axes) =>
    averagePool(context, x, axes, least);

const maxPoolWithArgmax: KernelRule = (context, { x }, attrs: PoolingAttrs) => {
  const axes = read2D(x.aval.shape, attrs);
  const values = throughFloat(context, x, (v) => maxPool(context, v, axes));
  return [values, maxPoolPositions(context, asFloat(context, x), axes, attrs.includeBatchInIndex ?? false)];
};

export const poolings = {
  MaxPool: pool2D(maxPool),
  MaxPoolGrad: maxGradient(read2D),
  MaxPoolWithArgmax: maxPoolWithArgmax,
  MaxPool3D: pool3D(maxPool),
  MaxPool3DGrad: maxGradient(read3D),
  AvgPool: pool2D(average(0)),
  AvgPoolGrad: averageGradient(read2D, 0),
  AvgPool3D: pool3D(average(1)),
  AvgPool3DGrad: averageGradient(read3D, 1),
} satisfies KernelFamily;
