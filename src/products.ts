/** Single products with derivatives, where the whole matrix isn't wanted: hvp, jvp, vjp, valueAndGrad. */

import type * as tf from '@tensorflow/tfjs-core';
import { BoundedCache } from './bounded-cache.ts';
import { compileProgram } from './compile/compile.ts';
import { DEVICES, type DeviceName } from './device-traits.ts';
import { requireDevices } from './devices.ts';
import { DiffopsError } from './errors.ts';
import { type Shape, sameShape, sizeOf, type Value } from './ir/aval.ts';
import type { Program } from './ir/program.ts';
import { hashOf } from './ir/serial.ts';
import { firstNonFinite } from './leaf.ts';
import { NdArray } from './nd-array.ts';
import type { CommonOptions } from './options.ts';
import type { CompiledEngine } from './plan/engines.ts';
import { placingOf } from './plan/placing.ts';
import { runOnce } from './pool/run-once.ts';
import { nonFinite } from './prepared.ts';
import { type Call, fixedOf, openCall, requireRunnable, requireScalar } from './problem.ts';
import { runOnDevice } from './product-job.ts';
import { type Flat, flattenTree, type Tree, unflattenTree } from './pytree.ts';
import type { Runners } from './runners.ts';
import { sharedRunners } from './shared-runners.ts';
import { type RecordedFunction, type Recording, record } from './trace/record.ts';
import { final } from './transforms/final.ts';
import { grad } from './transforms/grad.ts';
import { jvp as jvpOf } from './transforms/jvp.ts';
import { vjp as vjpOf } from './transforms/pushforward.ts';
import { withOutputs } from './transforms/replay.ts';
import type { LikeX, LikeY, TensorFunction } from './tree-types.ts';
import { checkSameStructure, sameStructure, unflattenVector, valuesOf } from './unflatten.ts';

export type ProductOptions<D = unknown> = Omit<CommonOptions<D>, 'onProgress'>;

type Floats = Float32Array | Float64Array;

interface Opened extends Call {
  readonly recording: Recording;
  readonly devices: readonly DeviceName[];
  readonly runners: Runners;
  /** The vector of the product, where it has one. */
  readonly vector: Flat | undefined;
}

/**
 * A product isn't divided, and is little work for a device: of several the first has it, and the next where that one fails;
 * the CPU where it's for diffops to say.
 */
const devicesOf = ({ devices }: Runners): readonly DeviceName[] => (devices === 'auto' ? ['cpu'] : devices);

/**
 * Validates and copies at once, the product's vector too; on the CPU f is called at once as well, elsewhere when all
 * devices of a list were found, as for a matrix.
 */
const open = async (
  f: RecordedFunction,
  x: unknown,
  options: unknown,
  vector?: { readonly name: 'u' | 'v'; readonly tree: unknown },
): Promise<Opened> => {
  const call = openCall(x, options, 'product');
  const runners = sharedRunners(options);
  const devices = devicesOf(runners);
  requireRunnable(call, runners.devices);
  const { checkFinite: finite, signal } = call.settings;
  const flat = vector && flattenTree(vector.tree, { name: vector.name, finite, differentiated: true });
  if (flat && vector.name === 'v') checkSameStructure(call.x, flat, 'v');
  if (runners.tried.length > 0) await requireDevices(runners.tried, signal);
  return { ...call, vector: flat, devices, runners, recording: record(f, call.x, call.data, call.precision) };
};

const isLeafOf = ({ recording, x }: Opened): boolean[] => recording.program.inputs.map((_, i) => i < x.leaves.length);

/** Engines of recent programs, by structure. */
const engines = new BoundedCache<CompiledEngine>(64);

const engineOf = (program: Program): CompiledEngine =>
  engines.getOrMake(hashOf(program), () => placingOf(program, [], true).point);

/** Runs a derivative program on x, data, constants and then `seeds`: the vector, unless they are given. */
const run = async (opened: Opened, program: Program, seeds: readonly Value[] = vectorOf(opened)): Promise<Value[]> => {
  const { x, data, precision, devices } = opened;
  const inputs = [...valuesOf(x, precision), ...fixedOf(opened, data).values, ...seeds];
  const last = final(program);
  return onFirst(devices, (device) => runOn(device, opened, last, inputs));
};

/** What a device gives, or the next of them where it fails. */
const onFirst = async <T>(
  [device, ...others]: readonly DeviceName[],
  run: (device: DeviceName) => Promise<T>,
): Promise<T> => {
  try {
    return await run(device);
  } catch (error) {
    if (others.length === 0 || !(error instanceof DiffopsError && error.code === 'DEVICE')) throw error;
    return onFirst(others, run);
  }
};

const runOn = async (
  device: DeviceName,
  { settings, precision, runners }: Opened,
  program: Program,
  inputs: readonly Value[],
): Promise<Value[]> => {
  const { engine, interpreter } = DEVICES[device];
  if (device !== 'cpu') {
    const on = settings.jit ? engine : (interpreter ?? engine);
    return runOnDevice({ program, engine: on, inputs, precision, signal: settings.signal }, device, runners);
  }
  const results = await runOnce(compileProgram(program, settings.jit ? engineOf(program) : 'interpret'), inputs);
  settings.signal?.throwIfAborted();
  return results;
};

/** Values of the leaves of x as one tree like x. */
const likeX = <X>(opened: Opened, values: readonly Value[], name: string): LikeX<X> => {
  const { x, precision, settings } = opened;
  const vector = precision === 'float64' ? new Float64Array(x.size) : new Float32Array(x.size);
  for (const [i, leaf] of x.leaves.entries()) vector.set(values[i].data, leaf.offset);
  if (settings.checkFinite) {
    const bad = firstNonFinite(vector);
    if (bad >= 0) throw nonFinite(x, bad, name);
  }
  return unflattenVector(x, vector) as LikeX<X>;
};

/** Values of the outputs of f as a tree like what it returned. */
const likeY = <Y>({ recording, settings }: Opened, values: readonly Value[], name: string): LikeY<Y> => {
  const { structure, paths } = recording.outputs;
  const arrays = values.map(({ shape, data }, i) => {
    if (settings.checkFinite && firstNonFinite(data as Floats) >= 0) {
      throw new DiffopsError(
        'NON_FINITE',
        `the ${name} has a NaN or an infinity in ${paths[i]}; checkFinite: false lets it through.`,
        { path: paths[i] },
      );
    }
    return new NdArray(shape, data as Floats);
  });
  return unflattenTree(structure, arrays) as LikeY<Y>;
};

const vectorOf = ({ vector, precision }: Opened): Value[] => (vector ? valuesOf(vector, precision) : []);

/** The cotangent u as values, refused unless it is a tree like the outputs of f. */
const cotangentOf = (opened: Opened): Value[] => {
  const { recording, vector } = opened;
  const flat = vector as Flat;
  const values = vectorOf(opened);
  const { structure, shapes, paths } = recording.outputs;
  const fits = ({ shape }: Value, wanted: Shape): boolean =>
    // A plain number or vector stands for an output of as many elements.
    sameShape(shape, wanted) || (shape.length <= 1 && sizeOf(shape) === sizeOf(wanted));
  if (!sameStructure(structure, flat.structure) || !values.every((value, i) => fits(value, shapes[i]))) {
    const show = (path: string, shape: Shape): string => `${path} of shape [${shape.join(', ')}]`;
    const given = flat.leaves.map((leaf) => show(leaf.path, leaf.shape)).join(', ') || 'no leaf';
    throw new DiffopsError(
      'INPUT',
      `u has ${given}; f returned ${shapes.map((shape, i) => show(paths[i], shape)).join(', ')}. Give a tree like f's result.`,
      { shapes: values.map((value) => value.shape), expected: shapes },
    );
  }
  return values.map((value, i) => ({ ...value, shape: shapes[i] }));
};

/** A product runs once: its forward values are kept, or all computed again. */
const recomputedBy = ({ settings }: Opened): number => (settings.checkpoint === true ? 1 : 0);

/**
 * The product of the Hessian of f at x with v, a tree like x; f returns one element.
 * Forward over reverse: the tangent of the gradient (Pearlmutter 1994).
 */
export const hvp = async <X, D = unknown>(
  f: TensorFunction<X, D, tf.Tensor>,
  x: X,
  v: NoInfer<X | LikeX<X>>,
  options?: ProductOptions<D>,
): Promise<LikeX<X>> => {
  const opened = await open(f, x, options, { name: 'v', tree: v });
  requireScalar(opened.recording, 'hvp');
  const active = isLeafOf(opened);
  const leaves = opened.x.leaves.length;
  const gradient = withOutputs(grad(opened.recording.program, active, recomputedBy(opened)), 1, 1 + leaves);
  const program = withOutputs(jvpOf(gradient, active), leaves, 2 * leaves);
  return likeX<X>(opened, await run(opened, program), 'Hessian-vector product');
};

/** f(x) and the tangent J·v, both trees like what f returns; v is a tree like x. */
export const jvp = async <X, Y, D = unknown>(
  f: TensorFunction<X, D, Y>,
  x: X,
  v: NoInfer<X | LikeX<X>>,
  options?: ProductOptions<D>,
): Promise<{ value: LikeY<Y>; tangent: LikeY<Y> }> => {
  const opened = await open(f, x, options, { name: 'v', tree: v });
  const results = await run(opened, jvpOf(opened.recording.program, isLeafOf(opened)));
  const count = results.length / 2;
  return {
    value: likeY(opened, results.slice(0, count), 'value'),
    tangent: likeY(opened, results.slice(count), 'tangent'),
  };
};

/** f(x), a tree like what f returns, and Jᵀ·u, a tree like x; u is a tree like what f returns. */
export const vjp = async <X, Y, D = unknown>(
  f: TensorFunction<X, D, Y>,
  x: X,
  u: Tree,
  options?: ProductOptions<D>,
): Promise<{ value: LikeY<Y>; gradient: LikeX<X> }> => {
  const opened = await open(f, x, options, { name: 'u', tree: u });
  const seeds = cotangentOf(opened);
  const { program } = opened.recording;
  const results = await run(opened, vjpOf(program, isLeafOf(opened), recomputedBy(opened)), seeds);
  const count = program.outputs.length;
  return {
    value: likeY(opened, results.slice(0, count), 'value'),
    gradient: likeX<X>(opened, results.slice(count), 'gradient'),
  };
};

/** f(x), which has one element, and its gradient, a tree like x. */
export const valueAndGrad = async <X, D = unknown>(
  f: TensorFunction<X, D, tf.Tensor>,
  x: X,
  options?: ProductOptions<D>,
): Promise<{ value: NdArray; gradient: LikeX<X> }> => {
  const opened = await open(f, x, options);
  requireScalar(opened.recording, 'valueAndGrad');
  const program = grad(opened.recording.program, isLeafOf(opened), recomputedBy(opened));
  const [value, ...gradients] = await run(opened, program);
  return { value: likeY<tf.Tensor>(opened, [value], 'value'), gradient: likeX<X>(opened, gradients, 'gradient') };
};
