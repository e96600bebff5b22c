/** The tfjs kernels that are convolutions: their attributes read, their work given to `convolution.ts`. */

import { backend_util } from '@tensorflow/tfjs-core';
import type { Shape } from '../../ir/aval.ts';
import type { Atom } from '../../ir/program.ts';
import type { KernelFamily, KernelRule } from '../kernel.ts';
import { type Activation, activate } from './activation.ts';
import { type Convolution, convolve, convolveFilter, convolveInput } from './convolution.ts';
import { countedBy, spatialAxes } from './spatial.ts';

interface ConvolutionAttrs {
  readonly strides: number | number[];
  readonly pad: 'valid' | 'same' | number | number[][];
  readonly dataFormat?: string;
  readonly dilations?: number | number[];
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
  readonly inputShape?: number[];
  readonly filterShape?: number[];
  readonly activation?: Activation;
  readonly leakyreluAlpha?: number;
}

/** Reads a kernel's attributes, given the shapes of the convolution's input and filter. */
type Read = (input: Shape, filter: Shape, attrs: ConvolutionAttrs) => Convolution;

const read2D =
  (depthwise: boolean): Read =>
  (input, filter, { strides, pad, dataFormat, dilations, dimRoundingMode }) => {
    const format = dataFormat === 'NCHW' ? 'channelsFirst' : 'channelsLast';
    const info = backend_util.computeConv2DInfo(
      [...input] as [number, number, number, number],
      [...filter] as [number, number, number, number],
      strides as number,
      (dilations ?? 1) as number,
      pad as 'valid',
      dimRoundingMode,
      depthwise,
      format,
    );
    return { axes: spatialAxes(info), channelsFirst: format === 'channelsFirst', depthwise };
  };

/** tfjs' own 3-D kernels read the channels as last whatever `dataFormat` says, and refuse other formats before. */
const read3D: Read = (input, filter, { strides, pad, dilations }) => {
  const info = backend_util.computeConv3DInfo(
    [...input] as [number, number, number, number, number],
    [...filter] as [number, number, number, number, number],
    strides as number,
    (dilations ?? 1) as number,
    pad as 'valid',
  );
  return { axes: spatialAxes(info), channelsFirst: false, depthwise: false };
};

const forward =
  (read: Read): KernelRule =>
  (context, { x, filter }, attrs: ConvolutionAttrs) =>
    convolve(context, x, filter, read(x.aval.shape, filter.aval.shape, attrs));

/** One value per channel, in a shape that broadcasts against the output. */
const perChannel = (reshape: (x: Atom, shape: Shape) => Atom, x: Atom, dataFormat: string | undefined): Atom =>
  dataFormat === 'NCHW' && x.aval.shape.length === 1 && x.aval.shape[0] > 1 ? reshape(x, [x.aval.shape[0], 1, 1]) : x;

const fused =
  (read: Read): KernelRule =>
  (context, inputs, attrs: ConvolutionAttrs) => {
    const { ops } = context;
    const { bias, preluActivationWeights: weights } = inputs;
    const aligned = (x: Atom): Atom => perChannel((y, shape) => ops.reshape(y, shape), x, attrs.dataFormat);
    const y = forward(read)(context, inputs, attrs) as Atom;
    const biased = bias ? ops.add(y, ops.broadcastTo(aligned(bias), y.aval.shape)) : y;
    return activate(context, biased, attrs.activation, weights && aligned(weights), attrs.leakyreluAlpha);
  };

const fitTo = (dy: Atom, c: Convolution): Convolution => ({ ...c, axes: countedBy(c.axes, dy.aval.shape) });

const backpropInput =
  (read: Read): KernelRule =>
  (context, { dy, filter }, attrs: ConvolutionAttrs) =>
    convolveInput(context, dy, filter, fitTo(dy, read(attrs.inputShape as number[], filter.aval.shape, attrs)));

const backpropFilter =
  (read: Read): KernelRule =>
  (context, { x, dy }, attrs: ConvolutionAttrs) => {
    const shape = attrs.filterShape as number[];
    return convolveFilter(context, x, dy, fitTo(dy, read(x.aval.shape, shape, attrs)), shape);
  };

const full = read2D(false);
const depthwise = read2D(true);

export const convolutions = {
  Conv2D: forward(full),
  FusedConv2D: fused(full),
  Conv2DBackpropInput: backpropInput(full),
  Conv2DBackpropFilter: backpropFilter(full),
  DepthwiseConv2dNative: forward(depthwise),
  FusedDepthwiseConv2D: fused(depthwise),
  DepthwiseConv2dNativeBackpropInput: backpropInput(depthwise),
  DepthwiseConv2dNativeBackpropFilter: backpropFilter(depthwise),
  Conv3D: forward(read3D),
  Conv3DBackpropInputV2: backpropInput(read3D),
  Conv3DBackpropFilterV2: backpropFilter(read3D),
} satisfies KernelFamily;
