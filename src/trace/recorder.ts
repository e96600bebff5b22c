/** One recording in progress: which tensors are traced, what atoms they stand for, and the equations so far. */

import type * as tf from '@tensorflow/tfjs-core';
import { backend_util } from '@tensorflow/tfjs-core';
import type { DiffopsError } from '../errors.ts';
import { float64ValuesOf } from '../float64.ts';
import { evaluateProgram } from '../interpret/evaluate.ts';
import { type Aval, type FloatDtype, isFloat, sizeOf, type Value } from '../ir/aval.ts';
import { pruned } from '../ir/builder.ts';
import { type Atom, freeVariables, newVar, type Program } from '../ir/program.ts';
import type { Ops } from '../primitives/ops.ts';
import { newOps } from '../primitives/table.ts';
import { replay } from '../transforms/replay.ts';
import {
  BACKEND_NAME,
  registerKernels,
  silentProfiler,
  type TracedData,
  TracerBackend,
  type TracerHost,
} from './backend.ts';
import { Constants, tfjsDtype } from './constants.ts';
import { customized } from './custom-gradient.ts';
import { type CustomCall, type Engine, type Placement, type TensorInputs, withPlacement } from './engine.ts';
import { isComplex, type KernelContext, partsOf, type Traced } from './kernel.ts';
import { applyKernel, isRecorded, recordedKernels } from './kernels/apply.ts';
import {
  complexResult,
  concretization,
  disposedConstant,
  endlessGradient,
  kernelThrew,
  unsupportedConstant,
  unsupportedKernel,
  wholeValue,
} from './refusals.ts';

const OP_SUFFIX = '__op';

/** A gradFunc within so many others calls its own function, and so on without end. */
const MOST_GRADIENTS = 10;

export class Recorder implements TracerHost {
  readonly backend: TracerBackend = new TracerBackend(this);
  /** Traced tensors made so far, for the end of the recording to dispose. */
  readonly tensors: tf.Tensor[] = [];
  /** An error that a promise would have swallowed. */
  failure: DiffopsError | undefined;
  readonly #engine: Engine;
  readonly #precision: FloatDtype;
  readonly #ops: Ops = newOps();
  readonly #constants: Constants;
  readonly context: KernelContext;
  /** Results of kernels none of whose operands depends on x or data. */
  readonly #known = new Set<Atom>();
  /** The inputs given: those of x, then those of data. */
  readonly #given: { readonly atom: Atom; readonly from: 'x' | 'data' }[] = [];
  /** Scopes that were open before the recording are not the user's ops. */
  readonly #scopes: number;
  readonly #placement: Placement = {
    backendName: BACKEND_NAME,
    backendInstance: this.backend,
    profiler: silentProfiler,
  };
  #users: Placement | undefined;
  /** Functions with gradients of their own whose gradFunc is being recorded, one within the other. */
  #gradients = 0;

  constructor(engine: Engine, precision: FloatDtype) {
    this.#engine = engine;
    this.#precision = precision;
    this.#scopes = engine.state.scopeStack.length;
    this.#constants = new Constants(this.#ops, precision, (dataId) => engine.readSync(dataId));
    this.context = {
      ops: this.#ops,
      precision,
      constant: (atom) => this.#valueOf(atom),
      capture: (value) => this.#constants.captureValue(value),
    };
    registerKernels(recordedKernels);
  }

  /** A new input of the program, as the tensor that f gets. */
  input(aval: Aval, from: 'x' | 'data'): tf.Tensor {
    const atom = this.#ops.input(aval);
    this.#given.push({ atom, from });
    return this.#tensorOf(atom);
  }

  /** Whether a tensor depends on x or data. */
  varies(tensor: { readonly dataId: object }): boolean {
    const traced = this.backend.tracedOf(tensor.dataId);
    return traced !== undefined && !this.isKnown(traced);
  }

  /** Whether something depends on constants alone. */
  isKnown(traced: Traced): boolean {
    return partsOf(traced).every((atom) => this.#constants.has(atom) || this.#known.has(atom));
  }

  isTraced(tensor: { readonly dataId: object }): boolean {
    return this.backend.tracedOf(tensor.dataId) !== undefined;
  }

  /**
   * Whether a kernel with these inputs is recorded: also for complex constants, which tfjs' backends can do little with,
   * and in float64 for constants that have float64 values to lose.
   */
  concerns(inputs: TensorInputs): boolean {
    for (const name in inputs) {
      const given = inputs[name];
      if (Array.isArray(given) ? given.some((tensor) => this.#concerns(tensor)) : given && this.#concerns(given)) {
        return true;
      }
    }
    return false;
  }

  #concerns(tensor: tf.TensorInfo): boolean {
    if (tensor.dtype === 'complex64' || this.isTraced(tensor)) return true;
    return this.#precision === 'float64' && float64ValuesOf(sized(tensor)) !== undefined;
  }

  /**
   * For a kernel that can't be recorded: its inputs as tensors of the user's backend, where none depends on x or data
   * and float32 holds all of them; else undefined.
   */
  settled(kernel: string, inputs: TensorInputs): TensorInputs | undefined {
    if (isRecorded(kernel)) return undefined;
    const settled: Record<string, tf.TensorInfo | tf.TensorInfo[]> = {};
    for (const name in inputs) {
      const given = inputs[name];
      if (!given) continue;
      const tensors = [given].flat().map((tensor) => this.#settledOf(tensor));
      if (tensors.includes(undefined)) return undefined;
      settled[name] = (Array.isArray(given) ? tensors : tensors[0]) as tf.TensorInfo;
    }
    return settled as TensorInputs;
  }

  #settledOf(tensor: tf.TensorInfo): tf.TensorInfo | undefined {
    const traced = this.backend.tracedOf(tensor.dataId);
    if (!traced) {
      const exact = this.#precision === 'float64' ? float64ValuesOf(sized(tensor)) : undefined;
      return tensor.dtype === 'complex64' || (exact && !isSingle(exact)) ? undefined : tensor;
    }
    const value = isComplex(traced) ? undefined : this.#valueOf(traced);
    if (!value || !isSingle(value.data)) return undefined;
    const { shape, dtype, data } = value;
    const values = data instanceof Float64Array ? Float32Array.from(data) : data;
    return this.outside(() => this.#engine.makeTensor(values, [...shape], tfjsDtype(dtype)));
  }

  /** Runs a kernel call on the recorder's backend, or refuses it by name. */
  inside<T>(kernel: string, run: () => T): T {
    if (!isRecorded(kernel)) throw unsupportedKernel(this.op, kernel);
    const { backend } = this;
    if (this.#engine.backendInstance === backend) return run();
    return withPlacement(this.#engine, this.#placement, (users) => {
      this.#users = users;
      return run();
    });
  }

  /** Runs on the user's backend, also within a call that runs on the recorder's. */
  outside<T>(run: () => T): T {
    if (this.#engine.backendInstance !== this.backend || !this.#users) return run();
    return withPlacement(this.#engine, this.#users, run);
  }

  /** The op that the user called, the outermost of those running: `softmax`. */
  get op(): string | undefined {
    const { scopeStack } = this.#engine.state;
    for (let i = this.#scopes; i < scopeStack.length; i++) {
      const { name } = scopeStack[i];
      if (name.endsWith(OP_SUFFIX)) return name.slice(0, -OP_SUFFIX.length);
    }
    return undefined;
  }

  recordKernel(kernel: string, inputs: TensorInputs, attrs: object): tf.TensorInfo | tf.TensorInfo[] {
    const { op } = this;
    const operands: Record<string, Traced> = {};
    let known = true;
    for (const name in inputs) {
      const tensor = inputs[name];
      if (!tensor) continue;
      const operand = this.tracedOf(tensor, kernel, name);
      operands[name] = operand;
      known &&= this.isKnown(operand);
    }
    this.#ops.scope = op;
    try {
      const result = applyKernel(this.context, kernel, operands, attrs);
      if (known) for (const atom of [result].flat().flatMap(partsOf)) this.#known.add(atom);
      return Array.isArray(result) ? result.map((traced) => this.#infoOf(traced)) : this.#infoOf(result);
    } catch (thrown) {
      throw kernelThrew(op, kernel, thrown);
    } finally {
      this.#ops.scope = undefined;
    }
  }

  /** Emits a program over atoms of this recording; gives its outputs as traced tensors. */
  emitted(program: Program, inputs: readonly Atom[]): tf.Tensor[] {
    const ops = this.#ops;
    const outputs = replay(ops, program, inputs);
    Object.assign(ops, { scope: undefined, region: 0 });
    if (inputs.every((atom) => this.isKnown(atom))) for (const atom of outputs) this.#known.add(atom);
    return outputs.map((atom) => this.#tensorOf(atom));
  }

  /** What a tensor stands for: its equations' results, or a constant that is captured now. */
  tracedOf(tensor: tf.TensorInfo, kernel: string, input: string): Traced {
    const traced = this.backend.tracedOf(tensor.dataId);
    if (traced) return traced;
    const { dtype } = tensor;
    if (dtype === 'string') throw unsupportedConstant(this.op, kernel, dtype);
    if (!this.#engine.state.tensorInfo.has(tensor.dataId)) throw disposedConstant(this.op, kernel, input);
    return this.outside(() =>
      dtype === 'complex64' ? this.#constants.captureComplex(tensor) : this.#constants.capture(tensor),
    );
  }

  /** The same of a tensor that must be real. */
  atomOf(tensor: tf.TensorInfo, kernel: string, input: string): Atom {
    const traced = this.tracedOf(tensor, kernel, input);
    if (isComplex(traced)) throw complexResult(kernel, input);
    return traced;
  }

  /**
   * The result of a user's customGrad function, carrying the gradient that it was given with. `fresh`: nobody else
   * holds this tensor yet.
   */
  withOwnGradient(result: tf.Tensor, call: CustomCall, saved: tf.Tensor[], fresh: boolean): tf.Tensor {
    const ops = this.#ops;
    const value = this.atomOf(result, 'customGrad', 'value');
    const names = Object.keys(call.inputs).filter((name) => {
      const traced = this.backend.tracedOf(call.inputs[name].dataId);
      return traced && (isComplex(traced) || isFloat(traced.aval.dtype));
    });
    if (!isFloat(value.aval.dtype)) throw wholeValue(value.aval);
    if (this.#gradients === MOST_GRADIENTS) throw endlessGradient();
    const [own, cotangent] = [newVar(value.aval, 'customGrad'), newVar(value.aval, 'customGrad')];
    const dy = this.#tensorOf(cotangent);
    const first = ops.equations.length;
    // gradFunc may hold the result: there, too, it carries its own gradient.
    const data = fresh ? (result.dataId as TracedData) : undefined;
    if (data) data.traced = own;
    this.#gradients++;
    try {
      const given = call.backwardsFunc(dy, saved);
      const gradients = names.map((name) => this.atomOf(given[name](), 'customGrad', `gradient ${name}`));
      const operands = names.map((name) => this.atomOf(call.inputs[name], 'customGrad', name));
      const equations = ops.equations.slice(first);
      const atom = customized(ops, { value, operands, gradients, result: own, cotangent, equations });
      if (!data) return this.#tensorOf(atom);
      data.traced = atom;
      return result;
    } finally {
      this.#gradients--;
    }
  }

  readValues(dataId: object): tf.backend_util.TypedArray {
    const traced = this.backend.tracedOf(dataId);
    const atoms = traced ? partsOf(traced) : [];
    const values = atoms.flatMap((atom) => this.#valueOf(atom) ?? []);
    // One part of a complex tensor may be known where the other isn't.
    if (values.length === 0 || values.length < atoms.length) throw concretization(this.#sourceOf(atoms));
    const [data, imag] = values.map((v) => (v.data instanceof Float64Array ? Float32Array.from(v.data) : v.data));
    return imag ? backend_util.mergeRealAndImagArrays(data as Float32Array, imag as Float32Array) : data;
  }

  readValuesAsync(dataId: object): Promise<tf.backend_util.TypedArray> {
    try {
      return Promise.resolve(this.readValues(dataId));
    } catch (thrown) {
      // A rejection that nobody awaits would end the process; the recording fails instead, and nothing waits.
      this.failure ??= thrown as DiffopsError;
      return new Promise(() => {});
    }
  }

  /** The program with these outputs, without the constants that it turned out not to need. */
  finish(outputs: readonly Atom[]): { program: Program; constants: Value[] } {
    const program = this.#ops.build(outputs);
    const used = new Set<Atom>(program.outputs);
    for (const { inputs } of program.equations) for (const a of inputs) used.add(a);
    const given = program.inputs.slice(0, this.#given.length);
    const captured = program.inputs.slice(this.#given.length).filter((v) => used.has(v));
    return {
      program: { ...program, inputs: [...given, ...captured] },
      constants: captured.map((v) => this.#constants.valueOf(v) as Value),
    };
  }

  #tensorOf(atom: Atom): tf.Tensor {
    return this.#engine.makeTensorFromTensorInfo(this.#infoOf(atom), this.backend);
  }

  #infoOf(traced: Traced): tf.TensorInfo {
    const [{ aval }] = partsOf(traced);
    const dtype = isComplex(traced) ? 'complex64' : tfjsDtype(aval.dtype);
    return { dataId: this.backend.newData(traced), shape: [...aval.shape], dtype };
  }

  #valueOf(atom: Atom): Value | undefined {
    const constant = this.#constants.valueOf(atom);
    if (constant || !this.#known.has(atom)) return constant;
    const program = this.#upTo(atom);
    return evaluateProgram(
      program,
      program.inputs.map((v) => this.#constants.valueOf(v) as Value),
    )[0];
  }

  /** Whether a value comes from data alone; else from x, if only as a cotangent of what does. */
  #sourceOf(atoms: readonly Atom[]): 'x' | 'data' {
    const used = new Set<Atom>(atoms.flatMap((atom) => this.#upTo(atom).inputs));
    const uses = (from: 'x' | 'data'): boolean =>
      this.#given.some((input) => input.from === from && used.has(input.atom));
    return uses('data') && !uses('x') ? 'data' : 'x';
  }

  /** What an atom is made of, by all equations so far. */
  #upTo(atom: Atom): Program {
    const program = pruned({ inputs: [], equations: this.#ops.equations, outputs: [atom] });
    return { ...program, inputs: freeVariables(program) };
  }
}

const sized = ({ dataId, dtype, shape }: tf.TensorInfo) => ({ dataId, dtype, size: sizeOf(shape) });

/** Whether numbers are all float32's own, so that tensors of tfjs hold them. */
const isSingle = (data: ArrayLike<number>): boolean => {
  if (!(data instanceof Float64Array)) return true;
  return data.every((v) => Object.is(Math.fround(v), v));
};
