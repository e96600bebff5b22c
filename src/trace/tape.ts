/** tf.grad inside f: what a gradient tape holds of a kernel, its exact derivative, which is on the tape in its turn. */

import * as tf from '@tensorflow/tfjs-core';
import { pruned } from '../ir/builder.ts';
import { type Atom, freeVariables, type Program, type Var } from '../ir/program.ts';
import { newOps } from '../primitives/table.ts';
import { vjpInto } from '../transforms/grad.ts';
import { TracedData } from './backend.ts';
import type { Engine, EngineMethods, TapedTensor, TapeGradient, TapeNode } from './engine.ts';
import { partsOf } from './kernel.ts';
import { applyKernel, isRecorded } from './kernels/apply.ts';
import type { Recorder } from './recorder.ts';
import { complexGradient, missingGradient } from './refusals.ts';

/** A tensor on the tape and what it stands for. */
interface Operand {
  readonly tensor: TapedTensor;
  readonly atom: Atom;
}

/** (…operands, …around) → (…results); `around` are variables of the recording that it takes by themselves. */
interface Body {
  readonly program: Program;
  readonly around: readonly Var[];
}

/** A function of tensors, as a node of the tape. */
interface Taped {
  readonly name: string;
  readonly operands: Readonly<Record<string, Operand>>;
  /** The function, in which the operands at these places can be differentiated; others may be constants in it. */
  bodyFor(active: ReadonlySet<number>): Body;
}

/**
 * A kernel's rule as a program, over variables of its own: in that of the recording, what its operands were made of
 * might be found through them.
 */
const bodyOf = (
  recorder: Recorder,
  kernel: string,
  taped: Pick<Taped, 'operands'>,
  attrs: object,
): Taped['bodyFor'] => {
  const { op } = recorder;
  return (active) => {
    const ops = newOps();
    ops.scope = op;
    const given: Record<string, Atom> = {};
    for (const [i, [name, { atom }]] of Object.entries(taped.operands).entries()) {
      const v = ops.input(atom.aval);
      given[name] = active.has(i) || !recorder.isKnown(atom) ? v : atom;
    }
    const outputs = [applyKernel({ ...recorder.context, ops }, kernel, given, attrs)].flat().flatMap(partsOf);
    const program = ops.build(outputs);
    const own = new Set(program.inputs);
    const around = freeVariables(program).filter((v) => !own.has(v));
    return { program: { ...program, inputs: [...program.inputs, ...around] }, around };
  };
};

/** (…operands, …cotangents of the results at `places`, …around) → (…cotangents of the active operands). */
const pullbackOf = ({ program, around }: Body, active: ReadonlySet<number>, places: readonly number[]): Body => {
  const ops = newOps();
  const inputs = ops.adoptInputs(program);
  const used = pruned({ ...program, outputs: places.map((i) => program.outputs[i]) });
  const varied = inputs.map((_, i) => active.has(i));
  const { outputs, pullback } = vjpInto(ops, used, inputs, varied);
  const cotangents = outputs.map((a) => ops.input(a.aval));
  const results = pullback(cotangents);
  const targets = inputs.filter((_, i) => varied[i]);
  const { equations, outputs: gradients } = ops.build(results.map((r, i) => ops.orZero(r, targets[i])));
  const first = inputs.length - around.length;
  return {
    program: { inputs: [...inputs.slice(0, first), ...cotangents, ...around], equations, outputs: gradients },
    around,
  };
};

type Gradients = Readonly<Record<string, () => tf.Tensor>>;

const isComplex = ({ dtype }: TapedTensor): boolean => dtype === 'complex64';
const isDifferentiable = ({ dtype }: TapedTensor): boolean => dtype === 'float32';

/** Whole numbers and truth values have floats as gradients, too. */
const zerosLike = (inputs: TapeNode['inputs']): Gradients =>
  Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, () => tf.zeros(shape)]));

function zeros(this: TapeNode): Gradients {
  return zerosLike(this.inputs);
}

/** What puts a kernel's derivative on the tape. */
export class Tape {
  readonly #engine: Engine;
  readonly #recorder: Recorder;
  readonly #add: EngineMethods['addTapeNode'];

  constructor(engine: Engine, recorder: Recorder, add: EngineMethods['addTapeNode']) {
    this.#engine = engine;
    this.#recorder = recorder;
    this.#add = add;
  }

  /**
   * The gradient for the tape's node of a kernel call. tfjs' own has no further derivative for some kernels, is missing
   * for others, and is that of another function for a few.
   */
  gradientFor({ inputs, outputs, gradient }: TapeNode, kernel: string, attrs: object): TapeGradient | undefined {
    const recorder = this.#recorder;
    const { op } = recorder;
    if ([...outputs, ...Object.values(inputs)].some(isComplex)) {
      return () => {
        throw complexGradient(op ?? kernel);
      };
    }
    if (!outputs.some((tensor) => recorder.isTraced(tensor))) {
      // Of constants alone: what tfjs has is good; and what another recording traces isn't a constant.
      if (gradient || Object.values(inputs).some(({ dataId }) => dataId instanceof TracedData)) return gradient;
    }
    if (!outputs.some(isDifferentiable)) return zeros;
    if (!isRecorded(kernel)) {
      return () => {
        throw missingGradient(op, kernel);
      };
    }
    const operands: Record<string, Operand> = {};
    for (const [name, tensor] of Object.entries(inputs)) {
      operands[name] = { tensor, atom: recorder.atomOf(tensor, kernel, name) };
    }
    return this.#gradient({ name: kernel, operands, bodyFor: bodyOf(recorder, kernel, { operands }, attrs) });
  }

  #gradient(taped: Taped): TapeGradient {
    const tape = this;
    // tfjs calls it on a node whose inputs are those that what is differentiated in leads to.
    return function (this: TapeNode, dys) {
      return tape.#pulled(taped, this, dys);
    };
  }

  /** Gradients of the operands asked for, by their names. */
  #pulled(
    taped: Taped,
    { inputs: asked, outputs }: Pick<TapeNode, 'inputs' | 'outputs'>,
    dys: readonly (tf.Tensor | null)[],
  ): Gradients {
    const names = Object.keys(taped.operands);
    const wanted = names.filter((name) => asked[name] && isDifferentiable(asked[name]));
    const places = [...outputs.keys()].filter((i) => dys[i] && isDifferentiable(outputs[i]));
    if (wanted.length === 0 || places.length === 0) return zerosLike(asked);

    const operands = { ...taped.operands };
    for (const i of places) {
      const tensor = dys[i] as tf.Tensor;
      operands[`dy${i} of ${taped.name}`] = { tensor, atom: this.#recorder.atomOf(tensor, taped.name, 'dy') };
    }
    const active = new Set(wanted.map((name) => names.indexOf(name)));
    const next: Taped = {
      name: `gradient of ${taped.name}`,
      operands,
      bodyFor: (more) => pullbackOf(taped.bodyFor(new Set([...active, ...more])), active, places),
    };
    const { program, around } = next.bodyFor(new Set());
    const results = this.#recorder.emitted(program, [...Object.values(operands).map(({ atom }) => atom), ...around]);
    if (this.#engine.isTapeOn()) this.#put(next, results);
    return { ...zerosLike(asked), ...Object.fromEntries(wanted.map((name, i) => [name, () => results[i]])) };
  }

  #put(taped: Taped, outputs: readonly tf.Tensor[]): void {
    const inputs: Record<string, TapedTensor> = {};
    for (const [name, { tensor }] of Object.entries(taped.operands)) inputs[name] = tensor;
    this.#add(taped.name, inputs, outputs, null, [], {});
    const node = this.#engine.state.activeTape?.at(-1);
    if (node) node.gradient = this.#gradient(taped);
  }
}
