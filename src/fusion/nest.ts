/** The nest of loops of one box: what it computes from what, written out. */

import { type Aval, type Dtype, type FloatDtype, isFloat, sizeOf } from '../ir/aval.ts';
import { malformed } from '../ir/builder.ts';
import type { Atom, Equation, Var } from '../ir/program.ts';
import { isVar } from '../ir/program.ts';
import { FUNCTIONS } from './functions.ts';
import { axesOf, flatIndex, type IndexMap, sameMap } from './index-map.ts';
import type { NestOp, Node } from './kernel.ts';
import { seenIn, VIEWS } from './views.ts';
import type { Writer } from './writer.ts';

/** Where values are: which buffer a variable has, and how the others are made. */
export interface Scene {
  readonly buffers: ReadonlyMap<Atom, number>;
  readonly makers: ReadonlyMap<Var, Equation>;
}

/** Where a node starts to read, by counters; without a variable: what it starts to count from. */
export interface Start {
  readonly from: Var | undefined;
  readonly index: IndexMap;
}

/** Counters start at 0, and there is no cut in the box. */
export class Nest {
  readonly #scene: Scene;
  /** One more than there are counters. */
  readonly #width: number;
  readonly nodes: Node[] = [];
  /** Of the nodes that have one, in order. */
  readonly starts: Start[] = [];
  readonly #known = new Map<Var, { readonly map: IndexMap; readonly node: number }[]>();

  constructor(scene: Scene, counters: number) {
    this.#scene = scene;
    this.#width = counters + 1;
  }

  #add(node: Node): number {
    return this.nodes.push(node) - 1;
  }

  constant(value: number, { dtype }: Pick<Aval, 'dtype'>): number {
    const known = this.nodes.findIndex(
      (node) => node.kind === 'constant' && node.dtype === dtype && Object.is(node.value, value),
    );
    return known >= 0 ? known : this.#add({ kind: 'constant', dtype, value });
  }

  op(op: NestOp, dtype: Dtype, operands: readonly number[]): number {
    return this.#add({ kind: 'op', op, dtype, operands });
  }

  value(atom: Atom, map: IndexMap): number {
    if (!isVar(atom)) return this.constant(atom.value, atom.aval);
    const before = this.#known.get(atom);
    if (before) for (const { map: other, node } of before) if (sameMap(map, other)) return node;
    const node = this.#made(atom, map);
    if (before) before.push({ map, node });
    else this.#known.set(atom, [{ map, node }]);
    return node;
  }

  #made(v: Var, map: IndexMap): number {
    if (this.#scene.buffers.has(v)) return this.#load(v, map);
    const equation = this.#scene.makers.get(v);
    if (!equation) throw malformed('A nest of loops reads what nothing makes.');
    return this.result(equation, map);
  }

  #load(from: Var, map: IndexMap): number {
    const { shape, dtype } = from.aval;
    this.starts.push({ from, index: flatIndex(map, shape, this.#width) });
    return this.#add({ kind: 'load', dtype, steps: [] });
  }

  #count(index: IndexMap): number {
    this.starts.push({ from: undefined, index });
    return this.#add({ kind: 'count', dtype: 'int32', steps: [] });
  }

  /** What an equation gives at a map of its result. */
  result(equation: Equation, map: IndexMap): number {
    const { primitive, inputs, params, output } = equation;
    const { dtype } = output.aval;
    if (VIEWS.has(primitive)) {
      const seen = seenIn(equation, map, this.#width);
      if (seen === undefined) throw malformed(`A nest of loops can't see through ${primitive}.`);
      if (seen === null) return this.constant((params.value as number | undefined) ?? 0, output.aval);
      return this.value(inputs[seen.operand], seen.map);
    }
    switch (primitive) {
      case 'iota': {
        const axis = params.axis as number;
        const count = this.#count(axesOf(map, axis, axis + 1, this.#width));
        return isFloat(dtype) ? this.op('cast', dtype, [count]) : count;
      }
      case 'one_hot': {
        const rank = inputs[0].aval.shape.length;
        const index = this.value(inputs[0], axesOf(map, 0, rank, this.#width));
        const count = this.#count(axesOf(map, rank, rank + 1, this.#width));
        return this.op('cast', dtype, [this.op('eq', 'bool', [index, count])]);
      }
      case 'gather':
        return this.#gathered(equation, map);
      case 'pow':
        return this.#power(equation, map);
      case 'is_nan': {
        const x = this.value(inputs[0], map);
        return this.op('ne', dtype, [x, x]);
      }
      case 'is_inf': {
        const { aval } = inputs[0];
        const size = this.op('abs', aval.dtype, [this.value(inputs[0], map)]);
        return this.op('eq', dtype, [size, this.constant(Number.POSITIVE_INFINITY, aval)]);
      }
      default: {
        const operands = inputs.map((a) => this.value(a, map));
        const written = FUNCTIONS[primitive];
        if (written && isFloat(dtype)) return written(this.#writer(dtype), operands[0]);
        return this.op(primitive, dtype, operands);
      }
    }
  }

  #writer(dtype: FloatDtype): Writer {
    return {
      dtype,
      constant: (value) => this.constant(value, { dtype }),
      op: (op, ...operands) => this.op(op, dtype, operands),
      test: (op, ...operands) => this.op(op, 'bool', operands),
    };
  }

  #gathered({ inputs: [table, indices], params, output }: Equation, map: IndexMap): number {
    const width = this.#width;
    const axis = params.axis as number;
    const rank = indices.aval.shape.length;
    const { shape } = table.aval;
    if (!isVar(table)) throw malformed('A literal was gathered from.');
    const index = this.value(indices, axesOf(map, axis, axis + rank, width));
    const first = axesOf(map, 0, axis, width);
    const last = map.slice((axis + rank) * width);
    const none = new Array<number>(width).fill(0);
    this.starts.push({
      from: table,
      index: flatIndex([...first, ...none, ...last], shape, width),
    });
    const scale = sizeOf(shape.slice(axis + 1));
    return this.#add({ kind: 'gather', dtype: output.aval.dtype, steps: [], index, scale, size: shape[axis] });
  }

  /** A whole power, by squaring. */
  #power({ inputs: [base, exponent], output: { aval } }: Equation, map: IndexMap): number {
    if (isVar(exponent)) throw malformed('There is no code for a power that varies.');
    let square = this.value(base, map);
    let power: number | undefined;
    for (let rest = Math.abs(exponent.value); rest > 0; rest >>= 1) {
      if (rest & 1) power = power === undefined ? square : this.op('mul', aval.dtype, [power, square]);
      if (rest > 1) square = this.op('mul', aval.dtype, [square, square]);
    }
    if (power === undefined) return this.constant(1, aval);
    return exponent.value > 0 ? power : this.op('div', aval.dtype, [this.constant(1, aval), power]);
  }
}
