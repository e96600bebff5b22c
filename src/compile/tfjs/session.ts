/** A program interpreted op by op on a TensorFlow.js backend; what is known at the point stays there. */

import type * as tf from '@tensorflow/tfjs-core';
import type { TfjsBackend } from '../../device-traits.ts';
import { DiffopsError } from '../../errors.ts';
import {
  type Aval,
  allocate,
  bytesOf,
  type Dtype,
  type Shape,
  sizeOf,
  type TypedArray,
  type Value,
} from '../../ir/aval.ts';
import { malformed, requireInputs } from '../../ir/builder.ts';
import type { Atom, Equation, Literal, Program, Var } from '../../ir/program.ts';
import { deserialize } from '../../ir/serial.ts';
import { rulesOf } from '../../primitives/table.ts';
import type { Artifact, Executable } from '../executable.ts';
import { unshared } from '../unshared.ts';
import { type Backend, backendOf } from './backend.ts';
import { MOST_AXES } from './lower-movement.ts';
import { loweringOf } from './lowering-table.ts';

interface Step {
  readonly equation: Equation;
  readonly call: (operands: readonly tf.Tensor[]) => tf.Tensor;
  /** Slots of values, or tensors that are there as long as the program is loaded. */
  readonly operands: readonly (number | tf.Tensor)[];
  readonly slot: number;
  /** Slots of values that nothing needs after this. */
  readonly frees: readonly number[];
}

/** Tensors of values that stay on the backend. */
const resident = new WeakMap<Value, tf.Tensor>();

/** Why the backend stopped: its own words, and where. */
const failure = (name: TfjsBackend, { primitive, output }: Equation, thrown: unknown): DiffopsError => {
  if (thrown instanceof DiffopsError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new DiffopsError(
    'DEVICE',
    `tfjs:${name} failed at ${primitive}${output.scope ? ` (of ${output.scope})` : ''}: ${message} ` +
      "If memory ran out, a larger nbatches makes smaller tiles; device: 'cpu' runs anywhere.",
    { device: `tfjs:${name}`, operation: primitive },
    { cause: thrown },
  );
};

type Call = Step['call'];

/** Element by element, on tensors without axes that could be too many. */
const flattened =
  (tf: Backend['tf'], call: Call, shape: Shape): Call =>
  (operands) =>
    tf.reshape(call(operands.map((x) => (x.rank === 0 ? x : tf.reshape(x, [-1])))), shape as number[]);

/** The steps of a program, and the tensors that they share. */
class Steps {
  readonly steps: Step[] = [];
  readonly inputs: number;
  readonly outputs: readonly (number | tf.Tensor)[];
  /** There as long as the program is loaded. */
  readonly constants: tf.Tensor[] = [];
  count = 0;
  readonly #backend: Backend;
  readonly #slots = new Map<Var, number>();

  constructor(program: Program, backend: Backend) {
    this.#backend = backend;
    this.inputs = program.inputs.length;
    for (const v of program.inputs) this.#slots.set(v, this.count++);
    for (const equation of program.equations) this.steps.push(this.#step(equation));
    this.outputs = program.outputs.map((atom) => this.#operand(atom, false));
    this.#free();
  }

  #step(equation: Equation): Step {
    const { primitive, inputs, params, output } = equation;
    const lowering = loweringOf(primitive);
    if (lowering === 'expanded') throw malformed(`${primitive} was to be expanded for TensorFlow.js.`);
    const uniform = rulesOf(primitive).algebra === 'diagonal';
    const call = lowering({
      tf: this.#backend.tf,
      backend: this.#backend.name,
      params,
      inputs: inputs.map((a) => a.aval),
      output: output.aval,
      constant: (data, shape, dtype) => this.#constant(data, shape, dtype),
    });
    const operands = inputs.map((atom) => this.#operand(atom, uniform));
    const isLong = uniform && output.aval.shape.length > MOST_AXES;
    const slot = this.count++;
    this.#slots.set(output, slot);
    return {
      equation,
      call: isLong ? flattened(this.#backend.tf, call, output.aval.shape) : call,
      operands,
      slot,
      frees: [],
    };
  }

  #operand(atom: Atom, uniform: boolean): number | tf.Tensor {
    if (atom.kind === 'literal') return this.#literal(atom, uniform ? [] : atom.aval.shape);
    const slot = this.#slots.get(atom);
    if (slot === undefined) throw malformed('The program uses a variable before it is made.');
    return slot;
  }

  #literal({ aval: { dtype }, value }: Literal, shape: Shape): tf.Tensor {
    return this.#constant(allocate(dtype, sizeOf(shape)).fill(value), shape, dtype);
  }

  #constant(data: TypedArray, shape: Shape, dtype: Dtype): tf.Tensor {
    const tensor = this.#backend.tf.tensor(data, shape as number[], dtype as tf.DataType);
    this.constants.push(tensor);
    return tensor;
  }

  /** Writes down at each step what dies there. */
  #free(): void {
    const alive = new Set<number>();
    for (let slot = 0; slot < this.inputs; slot++) alive.add(slot);
    for (const output of this.outputs) if (typeof output === 'number') alive.add(output);
    for (let i = this.steps.length - 1; i >= 0; i--) {
      const step = this.steps[i];
      const used = [...step.operands, step.slot].filter((operand) => typeof operand === 'number');
      const frees = [...new Set(used)].filter((slot) => !alive.has(slot));
      for (const slot of frees) alive.add(slot);
      this.steps[i] = { ...step, frees };
    }
  }
}

class TfjsExecutable implements Executable {
  readonly inputs: readonly Aval[];
  readonly outputs: readonly Aval[];
  readonly keptBytes: number;
  readonly #backend: Backend;
  #steps: Steps | undefined;
  #kept: tf.Tensor[] = [];

  constructor({ inputs, outputs }: Artifact, program: Program, backend: Backend) {
    this.inputs = inputs;
    this.outputs = outputs;
    this.#backend = backend;
    this.#steps = new Steps(program, backend);
    this.keptBytes = outputs.reduce((sum, aval) => sum + bytesOf(aval), 0);
  }

  async run(inputs: readonly Value[], into?: readonly TypedArray[]): Promise<Value[]> {
    await this.#sound();
    const results = this.#compute(inputs);
    try {
      const arrays = await this.#read(results);
      return this.outputs.map(({ shape, dtype }, k) => {
        const data = into?.[k] ?? allocate(dtype, sizeOf(shape));
        data.set(arrays[k]);
        return { shape, dtype, data };
      });
    } finally {
      for (const tensor of results) tensor.dispose();
    }
  }

  async keep(inputs: readonly Value[]): Promise<Value[]> {
    await this.#sound();
    this.#letGo();
    this.#kept = this.#compute(inputs);
    return this.outputs.map(({ shape, dtype }, k): Value => {
      const value = { shape, dtype, data: allocate(dtype, 0) };
      resident.set(value, this.#kept[k]);
      return value;
    });
  }

  async dispose(): Promise<void> {
    this.#letGo();
    for (const tensor of this.#steps?.constants ?? []) tensor.dispose();
    this.#steps = undefined;
  }

  #letGo(): void {
    for (const tensor of this.#kept) tensor.dispose();
    this.#kept = [];
  }

  /** Rejects where the device has failed before. */
  async #sound(): Promise<void> {
    await Promise.race([this.#backend.failing, undefined]);
  }

  /** What the tensors hold; rejects when the device fails meanwhile. */
  #read(tensors: readonly tf.Tensor[]): Promise<TypedArray[]> {
    const { failing } = this.#backend;
    const reading = Promise.all(tensors.map((tensor) => tensor.data() as Promise<TypedArray>));
    return failing ? Promise.race([failing, reading]) : reading;
  }

  /** The outputs, each a tensor of its own. */
  #compute(values: readonly Value[]): tf.Tensor[] {
    const plan = this.#steps;
    if (!plan) throw malformed('An executable was run after it was disposed.');
    requireInputs(plan.inputs, values.length);
    const { tf, name } = this.#backend;
    const slots = new Array<tf.Tensor | undefined>(plan.count);
    const brought: tf.Tensor[] = [];
    const tensorOf = (operand: number | tf.Tensor): tf.Tensor =>
      typeof operand === 'number' ? (slots[operand] as tf.Tensor) : operand;
    let done = false;
    try {
      for (const [k, value] of values.entries()) {
        const known = resident.get(value);
        slots[k] = known ?? tf.tensor(unshared(value.data), value.shape as number[], value.dtype as tf.DataType);
        if (!known) brought.push(slots[k]);
      }
      for (const { equation, call, operands, slot, frees } of plan.steps) {
        try {
          slots[slot] = tf.tidy(() => call(operands.map(tensorOf)));
        } catch (thrown) {
          throw failure(name, equation, thrown);
        }
        for (const gone of frees) {
          slots[gone]?.dispose();
          slots[gone] = undefined;
        }
      }
      const outputs = plan.outputs.map((operand) => tf.clone(tensorOf(operand)));
      done = true;
      return outputs;
    } finally {
      for (const tensor of brought) tensor.dispose();
      // What was made and isn't dead: outputs, of which there are clones; after a failure, whatever there is.
      for (let slot = plan.inputs; slot < slots.length; slot++) slots[slot]?.dispose();
      if (!done) this.#letGo();
    }
  }
}

export const loadTfjs = async (artifact: Artifact, name: TfjsBackend): Promise<Executable> => {
  const { program } = artifact;
  if (!program) throw malformed(`TensorFlow.js can't run an artifact of ${artifact.engine}.`);
  return new TfjsExecutable(artifact, deserialize(program), await backendOf(name));
};
