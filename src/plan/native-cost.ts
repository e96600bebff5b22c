/** What a program takes as fused loops: nanoseconds, from the nests that it consists of. */

import { fuse } from '../fusion/fuse.ts';
import { isFusible } from '../fusion/fusible.ts';
import type { Buffer, Call, Fused, Kernel, Node } from '../fusion/kernel.ts';
import { priceOfOp } from '../fusion/op-prices.ts';
import { lanesOf, variesAlong, vectorsAtOnce } from '../fusion/vector-loop.ts';
import { bytesPerElement } from '../ir/aval.ts';
import type { Program } from '../ir/program.ts';
import { remembered } from '../ir/remembered.ts';

/** Nanoseconds: of an addition of vectors or numbers, of reading neighbours, of reading one number, of storing. */
const PER_ADDITION = 0.125;
const PER_READ = 0.08;
const PER_LANE = 0.45;
const PER_STORE = 0.25;
/** Of a step of the innermost loop, of going through that loop, of a call. */
const PER_STEP = 0.25;
const PER_NEST = 2;
const PER_CALL = 8;
/** More per byte that a call reads or writes beyond what caches hold. */
const PER_FAR_BYTE = 0.04;
const CACHED_BYTES = 1 << 21;
/** Of a run: beside its calls; and per byte of what is copied out, more beyond what caches hold. */
const PER_RUN = 300;
const PER_BYTE_OUT = 0.03;
const PER_FAR_BYTE_OUT = 0.1;
const NEAR_BYTES = 1 << 20;

/** What a node takes, for a vector or a number. */
const priceOf = (node: Node, along: number, lanes: number): number => {
  switch (node.kind) {
    case 'constant':
      return 0;
    case 'count':
      return PER_ADDITION;
    case 'op':
      return PER_ADDITION * priceOfOp(node.op, node.dtype);
    case 'load':
      return along < 0 || node.steps[along] === 1 ? PER_READ : PER_LANE * lanes;
    case 'gather':
      return along < 0 || node.steps[along] === 1 ? 6 * PER_READ : 1.5 * PER_LANE * lanes;
  }
};

/** What a step of a kernel takes: a vector, a number, and what comes before the innermost loop. */
interface Rates {
  readonly vector: number;
  readonly one: number;
  readonly before: number;
  readonly lanes: number;
}

const ratesOf = (kernel: Kernel): Rates => {
  const { nodes, along, loops, kept, ending } = kernel;
  const lanes = along < 0 ? 1 : lanesOf(kernel);
  const combines = kept < loops;
  const first = along >= 0 ? along : loops - 1;
  const inside = variesAlong(nodes, (steps) => steps.some((step, loop) => loop >= first && step !== 0));
  const varies = variesAlong(nodes, (steps) => along >= 0 && steps[along] !== 0);
  const parts = vectorsAtOnce(varies.filter((changes) => changes).length);
  const end = combines ? PER_ADDITION : ending === 'accumulate' ? PER_STORE + PER_READ : PER_STORE;
  let vector = end + PER_STEP / parts;
  let one = end + PER_STEP;
  let before = 0;
  for (const [k, node] of nodes.entries()) {
    const scalar = priceOf(node, -1, 1);
    if (inside[k]) one += scalar;
    else before += scalar + PER_ADDITION;
    if (varies[k]) vector += priceOf(node, along, lanes);
    // One number for all vectors of a step.
    else if (inside[k]) vector += (scalar + PER_ADDITION) / parts;
  }
  return { vector, one, before, lanes };
};

const timeOf = ({ along, loops, kept }: Kernel, { vector, one, before, lanes }: Rates, { extents }: Call): number => {
  const trips = extents.reduce((product, extent) => product * extent, 1);
  const length = loops === 0 ? 1 : extents[along < 0 ? loops - 1 : along];
  const [vectors, ones] = along < 0 ? [0, length] : [Math.floor(length / lanes), length % lanes];
  const lines = trips / length;
  // Where results lie side by side, what is summed is the innermost loop.
  const inner = kept < loops && along < kept ? extents[loops - 1] : length;
  const nests = along >= 0 && along < kept && kept < loops ? ((vectors / 2 + ones) * lines) / inner : lines;
  return PER_CALL + lines * (vectors * vector + ones * one) + nests * (PER_NEST + before);
};

/** Bytes of the arrays that a call reads and writes; of a part of an array it may be less. */
const touchedBytes = (buffers: readonly Buffer[], { target, sources, extents }: Call): number => {
  const trips = extents.reduce((product, extent) => product * extent, 1);
  let bytes = 0;
  for (const k of new Set([target, ...sources])) {
    if (k >= 0) bytes += Math.min(trips, buffers[k].size) * bytesPerElement(buffers[k].dtype);
  }
  return bytes;
};

const callsTime = ({ kernels, calls, buffers }: Fused): number => {
  const rates = kernels.map(ratesOf);
  let time = 0;
  for (const call of calls) {
    const far = touchedBytes(buffers, call) - CACHED_BYTES;
    time += timeOf(kernels[call.kernel], rates[call.kernel], call) + (far > 0 ? PER_FAR_BYTE * far : 0);
  }
  return time;
};

const bytesOut = ({ buffers, outputs }: Fused): number =>
  outputs.reduce<number>((sum, k) => {
    if (k === undefined) return sum;
    return sum + buffers[k].size * bytesPerElement(buffers[k].dtype);
  }, 0);

const copyTime = (bytes: number): number => PER_BYTE_OUT * bytes + PER_FAR_BYTE_OUT * Math.max(0, bytes - NEAR_BYTES);

/**
 * In float64 loops took 0.95 to 2 times what the figures above say (`lstm`, `cnn`; most where threads share the way to
 * memory), where ONNX Runtime's were right: taken at their word, they were chosen where they took up to twice as long.
 */
const DOUBLE = 1.4;

/** More functions than this take too long to compile (a quarter of a second for 3300 of them), more calls are too long a list. */
const MOST_KERNELS = 4000;
const MOST_CALLS = 200_000;

/** Nanoseconds of one core that a run takes as native code; infinite for a program that can't be fused, or falls into too many pieces. */
export const nativeNanosecondsOf = remembered((program: Program): number => {
  if (!isFusible(program)) return Number.POSITIVE_INFINITY;
  const fused = fuse(program);
  const isBearable = fused.kernels.length <= MOST_KERNELS && fused.calls.length <= MOST_CALLS;
  if (!isBearable) return Number.POSITIVE_INFINITY;
  const time = PER_RUN + callsTime(fused) + copyTime(bytesOut(fused));
  return fused.buffers.some(({ dtype }) => dtype === 'float64') ? DOUBLE * time : time;
});
