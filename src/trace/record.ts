/** Records a function written with TensorFlow.js: it is called once, with traced tensors, and becomes a Program. */

import * as tf from '@tensorflow/tfjs-core';
import { DiffopsError } from '../errors.ts';
import { type FloatDtype, isFloat, type Shape, type Value } from '../ir/aval.ts';
import type { Atom, Program } from '../ir/program.ts';
import { describe, type Flat, type Structure, unflattenTree, walkTree } from '../pytree.ts';
import { isolate, readyEngine } from './engine.ts';
import { hook } from './hooks.ts';
import { Recorder } from './recorder.ts';
import { functionThrew } from './refusals.ts';

/** `f(x, data)`: gets the trees with a `tf.Tensor` for each leaf, returns a tensor or a tree of tensors. */
// biome-ignore lint/suspicious/noExplicitAny: its trees have whatever structure the caller's trees have
export type RecordedFunction = (x: any, data: any) => unknown;

export interface Recording {
  /** Inputs: the leaves of x, those of data, then the captured constants. Outputs: the leaves of what f returned. */
  readonly program: Program;
  readonly constants: readonly Value[];
  readonly outputs: {
    readonly structure: Structure;
    readonly shapes: readonly Shape[];
    /** `f(x)`, `f(x).loss`: where each output is in what f returned. */
    readonly paths: readonly string[];
  };
}

interface Output {
  readonly atom: Atom;
  readonly path: string;
}

const RESULT = 'f(x)';

const returned = (path: string, what: string): DiffopsError =>
  new DiffopsError(
    'FUNCTION',
    path === RESULT
      ? `f returned ${what}; it must return a tensor (or, for a Jacobian, arrays and plain objects of tensors).`
      : `f returned ${what} at ${path}; all that it returns must be tensors.`,
    { path, value: what },
  );

/** The outputs of f as atoms. Throws FUNCTION for all that isn't a tree of float tensors. */
const readOutputs = (recorder: Recorder, result: unknown): { leaves: Output[]; structure: Structure } => {
  if (result === null || result === undefined) throw returned(RESULT, `nothing (${result})`);
  if (typeof (result as { then?: unknown }).then === 'function') {
    // What the promise does later concerns nobody; unhandled, its rejection would end the process.
    Promise.resolve(result).catch(() => {});
    throw returned(RESULT, 'a promise: f must not be async');
  }
  const outputs = walkTree<Output>(result, RESULT, {
    isLeaf: (value) => value instanceof tf.Tensor,
    leaf: (value, path) => ({ atom: floatAtom(recorder, value as tf.Tensor, path), path }),
    refuse: returned,
  });
  if (outputs.leaves.length === 0) throw returned(RESULT, 'a tree without any tensor');
  return outputs;
};

const floatAtom = (recorder: Recorder, tensor: tf.Tensor, path: string): Atom => {
  const atom = recorder.atomOf(tensor, 'return', path);
  if (isFloat(atom.aval.dtype)) return atom;
  throw new DiffopsError(
    'FUNCTION',
    `f returned a tensor of dtype ${atom.aval.dtype} at ${path}; only floats have a derivative. Cast it with .toFloat(), ` +
      'or return it apart from what is differentiated.',
    { path, dtype: atom.aval.dtype },
  );
};

/** Without data, `trees` has none, since functions such as those that tf.customGrad makes count their arguments. */
const callRecorded = (f: RecordedFunction, trees: readonly [x: unknown, data?: unknown]): unknown => {
  if (typeof f !== 'function') {
    throw new DiffopsError(
      'FUNCTION',
      `f is ${describe(f)}; it must be a function of x (and data) that returns a tensor.`,
      {
        value: describe(f),
      },
    );
  }
  try {
    return (f as (...trees: unknown[]) => unknown)(...trees);
  } catch (thrown) {
    throw functionThrew(thrown);
  }
};

/**
 * Calls `f` once, with traced tensors in the place of the leaves, and returns what it computed as a Program whose floats
 * are of `precision`. tfjs is as before afterwards: its backend, its tensors, its gradient tape. Recordings may nest.
 * Throws FUNCTION for what f throws or returns amiss, CONCRETIZATION, UNSUPPORTED_OP, RANDOM or VARIABLE_ASSIGN for what
 * it must not do.
 */
export const record = (f: RecordedFunction, x: Flat, data: Flat | undefined, precision: FloatDtype): Recording => {
  const engine = readyEngine();
  const restoreScopes = isolate(engine);
  const recorder = new Recorder(engine, precision);
  const unhook = hook(engine, recorder);
  try {
    const treeOf = (flat: Flat, from: 'x' | 'data'): unknown => {
      const tensors = flat.leaves.map(({ shape, dtype }) =>
        recorder.input({ shape, dtype: isFloat(dtype) ? precision : dtype }, from),
      );
      return unflattenTree(flat.structure, tensors);
    };
    const inX = treeOf(x, 'x');
    const result = callRecorded(f, data ? [inX, treeOf(data, 'data')] : [inX]);
    if (recorder.failure) throw recorder.failure;
    const { leaves, structure } = readOutputs(recorder, result);
    return {
      ...recorder.finish(leaves.map((leaf) => leaf.atom)),
      outputs: {
        structure,
        shapes: leaves.map((leaf) => leaf.atom.aval.shape),
        paths: leaves.map((leaf) => leaf.path),
      },
    };
  } finally {
    unhook();
    restoreScopes();
    // Those that f has kept, and variables made of traced tensors.
    for (const tensor of recorder.tensors) if (!tensor.isDisposed) tensor.dispose();
  }
};
