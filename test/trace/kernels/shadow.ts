/** Records a function while tfjs computes it for real, and holds each kernel's rule against the real result. */

import * as tf from '@tensorflow/tfjs';
import type { Dtype, FloatDtype, TypedArray, Value } from '../../../src/ir/aval.ts';
import type { Atom, Program } from '../../../src/ir/program.ts';
import { newOps } from '../../../src/primitives/table.ts';
import { Constants } from '../../../src/trace/constants.ts';
import { isComplex, type KernelContext, partsOf, type Traced } from '../../../src/trace/kernel.ts';
import { applyKernel, isRecorded } from '../../../src/trace/kernels/apply.ts';

type Result = tf.Tensor | tf.Tensor[];
type RunKernel = (name: string, inputs: Record<string, unknown>, attrs?: object) => Result;

export interface Recording {
  /** Its inputs are those of the function, then the constants that it captured. */
  readonly program: Program;
  readonly constants: readonly Value[];
  readonly result: Value;
  /** Names of the kernels that traced tensors reached. */
  readonly reached: ReadonlySet<string>;
  /** Where a rule's aval isn't the real result's: `Kernel: f32[2] is not int32[2]`. */
  readonly mismatches: readonly string[];
}

const dtypeIn = (dtype: string, precision: FloatDtype): Dtype =>
  dtype === 'float32' ? precision : (dtype as 'int32' | 'bool');

const typed = (dtype: Dtype, data: ArrayLike<number>): TypedArray =>
  dtype === 'float64'
    ? Float64Array.from(data)
    : dtype === 'float32'
      ? Float32Array.from(data)
      : dtype === 'int32'
        ? Int32Array.from(data)
        : Uint8Array.from(data);

export const readValue = (t: tf.Tensor, precision: FloatDtype): Value => {
  const dtype = dtypeIn(t.dtype, precision);
  return { shape: t.shape, dtype, data: typed(dtype, t.dataSync()) };
};

/** The parts of a complex tensor, one after the other. */
const readParts = (t: tf.Tensor, precision: FloatDtype): Value[] => {
  const pairs = t.dataSync();
  return [0, 1].map((part) => ({
    shape: t.shape,
    dtype: precision,
    data: typed(
      precision,
      pairs.filter((_, i) => i % 2 === part),
    ),
  }));
};

/** `complex float32[2]`, as tfjs made it in a precision. */
const typeOf = (dtype: string, shape: readonly number[], precision: FloatDtype): string =>
  dtype === 'complex64' ? `complex ${precision}[${shape}]` : `${dtypeIn(dtype, precision)}[${shape}]`;

const typeOfTraced = (traced: Traced): string => {
  const types = partsOf(traced).map(({ aval }) => `${aval.dtype}[${aval.shape}]`);
  return isComplex(traced) ? `complex ${[...new Set(types)].join(' ')}` : types[0];
};

/**
 * Atoms by what holds a tensor's numbers, and how they are read: tfjs saves copies of a result for its gradients
 * before anyone sees the result.
 */
class Atoms {
  readonly #byData = new WeakMap<object, Map<string, Traced>>();
  get({ dataId, dtype, shape }: tf.Tensor): Traced | undefined {
    return this.#byData.get(dataId)?.get(`${dtype}[${shape}]`);
  }
  set({ dataId, dtype, shape }: tf.Tensor, atom: Traced): void {
    const views = this.#byData.get(dataId) ?? new Map<string, Traced>();
    this.#byData.set(dataId, views.set(`${dtype}[${shape}]`, atom));
  }
}

export const shadow = (
  f: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: readonly tf.Tensor[],
  precision: FloatDtype,
): Recording => {
  const ops = newOps();
  const atoms = new Atoms();
  const traced = new Set<Traced>();
  const constants = new Map<Atom, Value>();
  const reached = new Set<string>();
  const mismatches: string[] = [];
  const captured = new Constants(ops, precision, () => []);
  const context: KernelContext = {
    ops,
    precision,
    constant: (a) => constants.get(a) ?? captured.valueOf(a),
    capture: (value) => {
      const atom = captured.captureValue(value);
      if (atom.kind === 'var') constants.set(atom, value);
      return atom;
    },
  };
  for (const t of inputs) {
    const v = ops.input({ shape: t.shape, dtype: dtypeIn(t.dtype, precision) });
    atoms.set(t, v);
    traced.add(v);
  }
  const inputOf = (value: Value): Atom => {
    const made = ops.input(value);
    constants.set(made, value);
    return made;
  };
  const tracedOf = (t: tf.Tensor): Traced => {
    const known = atoms.get(t);
    if (known) return known;
    const parts = t.dtype === 'complex64' ? readParts(t, precision) : [readValue(t, precision)];
    const [real, imag] = parts.map(inputOf);
    const made: Traced = imag ? { kind: 'complex', real, imag } : real;
    atoms.set(t, made);
    return made;
  };

  const engine = tf.engine() as unknown as { runKernel: RunKernel; state: { scopeStack: { name: string }[] } };
  const original = engine.runKernel;
  engine.runKernel = (name, given, attrs) => {
    const real = original.call(engine, name, given, attrs);
    const tensors = Object.entries(given).filter(
      (entry): entry is [string, tf.Tensor] => entry[1] instanceof tf.Tensor,
    );
    if (!tensors.some(([, t]) => traced.has(atoms.get(t) as Traced))) return real;
    reached.add(name);
    if (!isRecorded(name)) {
      mismatches.push(`${name} has no rule`);
      return real;
    }
    ops.scope = engine.state.scopeStack.find((s) => s.name.endsWith('__op'))?.name.slice(0, -'__op'.length);
    const operands = Object.fromEntries(tensors.map(([k, t]) => [k, tracedOf(t)]));
    const results = [applyKernel(context, name, operands, attrs ?? {})].flat();
    for (const [i, t] of [real].flat().entries()) {
      const atom = results[i];
      const expected = typeOf(t.dtype, t.shape, precision);
      const recorded = atom ? typeOfTraced(atom) : 'nothing';
      if (expected !== recorded) mismatches.push(`${name}: ${recorded} is not ${expected}`);
      atoms.set(t, atom);
      traced.add(atom);
    }
    return real;
  };
  try {
    const output = f(...inputs);
    const program = ops.build([tracedOf(output) as Atom]);
    return { program, constants: [...constants.values()], result: readValue(output, precision), reached, mismatches };
  } finally {
    delete (engine as { runKernel?: RunKernel }).runKernel;
  }
};
