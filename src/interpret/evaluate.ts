/** The plain evaluator: runs a Program's equations in order, in either precision, and frees values after their last use. */

import { type Aval, allocate, sizeOf, type TypedArray, type Value } from '../ir/aval.ts';
import { malformed, requireInputs } from '../ir/builder.ts';
import type { Params } from '../ir/params.ts';
import type { Atom, Literal, Program, Var } from '../ir/program.ts';
import type { Primitive } from '../primitives/primitive.ts';
import { rulesOf } from '../primitives/table.ts';

/** Buffers of values that are no longer needed, for values of the same dtype and length. */
class Buffers {
  readonly #free = new Map<string, TypedArray[]>();

  take({ dtype, shape }: Aval, zeroed: boolean): TypedArray {
    const length = sizeOf(shape);
    const buffer = this.#free.get(`${dtype}${length}`)?.pop();
    if (!buffer) return allocate(dtype, length);
    return zeroed ? buffer.fill(0) : buffer;
  }
  give(value: Value): void {
    const key = `${value.dtype}${value.data.length}`;
    const free = this.#free.get(key);
    if (free) free.push(value.data);
    else this.#free.set(key, [value.data]);
  }
}

/** Where an operand comes from: a slot, a value made once, or a literal that is made in full for each use. */
type Operand = number | Value | Literal;

interface Step {
  // biome-ignore lint/suspicious/noExplicitAny: params of a primitive that is known only at run time
  readonly rules: Primitive<any>;
  readonly params: Params;
  readonly operands: readonly Operand[];
  readonly aval: Aval;
  /** Whether it doesn't write every element of its result. */
  readonly zeroed: boolean;
  readonly slot: number;
  /** Slots whose last use this is, and whose buffers nothing else holds. */
  readonly frees: readonly number[];
}

const filled = ({ aval, value }: Literal, length: number): Value => ({
  shape: aval.shape,
  dtype: aval.dtype,
  data: allocate(aval.dtype, length).fill(value),
});

const isSlot = (operand: Operand): operand is number => typeof operand === 'number';

/** Which slot each variable has. */
class Slots {
  count = 0;
  readonly #vars = new Map<Var, number>();

  define(v: Var): number {
    this.#vars.set(v, this.count);
    return this.count++;
  }
  /** A primitive that works element by element takes a literal as one element. */
  use(a: Atom, uniform: boolean): Operand {
    if (a.kind === 'literal') return uniform ? filled(a, 1) : a;
    const slot = this.#vars.get(a);
    if (slot === undefined) throw malformed('The program uses a variable before it is made.');
    return slot;
  }
}

const resolved = (operand: Operand, values: readonly (Value | undefined)[]): Value => {
  if (isSlot(operand)) return values[operand] as Value;
  return 'kind' in operand ? filled(operand, sizeOf(operand.aval.shape)) : operand;
};

/** A program made ready once, to be run many times. Runs share buffers, so one must end before the next begins. */
export const makeInterpreted = (program: Program): ((inputs: readonly Value[]) => Value[]) => {
  const slots = new Slots();
  const inputSlots = program.inputs.map((v) => slots.define(v));
  const planned = program.equations.map(({ primitive, inputs, params, output }) => {
    const rules = rulesOf(primitive);
    const operands = inputs.map((a) => slots.use(a, rules.algebra === 'diagonal'));
    const zeroed = rules.algebra !== 'diagonal' && rules.algebra !== 'permutation';
    return { rules, params, operands, aval: output.aval, zeroed, slot: slots.define(output) };
  });
  const outputs = program.outputs.map((a) => slots.use(a, false));

  const kept = new Set<Operand>([...inputSlots, ...outputs]);
  const steps: Step[] = [];
  for (let i = planned.length - 1; i >= 0; i--) {
    const step = planned[i];
    const frees = [...new Set([...step.operands.filter(isSlot), step.slot])].filter((slot) => !kept.has(slot));
    for (const slot of frees) kept.add(slot);
    steps.push({ ...step, frees });
  }
  steps.reverse();

  const buffers = new Buffers();
  return (inputs) => {
    requireInputs(inputSlots.length, inputs.length);
    const values = new Array<Value | undefined>(slots.count);
    for (const [i, slot] of inputSlots.entries()) values[slot] = inputs[i];
    for (const { rules, params, operands, aval, zeroed, slot, frees } of steps) {
      const output: Value = { shape: aval.shape, dtype: aval.dtype, data: buffers.take(aval, zeroed) };
      rules.evaluate(
        operands.map((operand) => resolved(operand, values)),
        params,
        output,
      );
      values[slot] = output;
      for (const gone of frees) {
        buffers.give(values[gone] as Value);
        values[gone] = undefined;
      }
    }
    return outputs.map((operand) => resolved(operand, values));
  };
};

/** Evaluates a program once. Outputs that are inputs are given back as they are. */
export const evaluateProgram = (program: Program, inputs: readonly Value[]): Value[] =>
  makeInterpreted(program)(inputs);
