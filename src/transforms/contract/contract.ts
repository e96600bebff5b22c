/**
 * Contraction: a linear program over a tile of columns, with products multiplied out as late and as cheaply as they
 * can be, and products of constants made once per point.
 *
 * Values stay sums of products of labelled arrays (`term.ts`) until a sum over an axis, an op that is no product, or
 * an output needs them. The order of multiplication is chosen by price, as einsum optimizers do (Pfeifer, Haegeman
 * and Verstraete 2014, Faster identification of optimal contraction sequences); what is ours is that the one factor
 * which depends on the column is a unit vector, so that multiplying by it is taking a slice.
 */

import { type FloatDtype, type Shape, sizeOf } from '../../ir/aval.ts';
import type { DotParams } from '../../ir/params.ts';
import { type Atom, type Equation, isVar, isZero, type Program, type Var } from '../../ir/program.ts';
import { batchedAt } from '../../primitives/batching.ts';
import type { Ops } from '../../primitives/ops.ts';
import { newOps, rulesOf } from '../../primitives/table.ts';
import { denseSeeds } from '../unit-seeds.ts';
import { type Axes, labelsAt, regrouped } from './axes.ts';
import { Columns } from './columns.ts';
import { cutSeeds, cutsOf } from './cut-seeds.ts';
import { addForms, pooled, withFactor } from './forms.ts';
import { Network, type Piece } from './network.ts';
import type { SeedRequest } from './seed-request.ts';
import { BATCH, type Factor, type Form, type Label, Labels, type Term } from './term.ts';

/** A sum of more terms than this is added up. */
const MOST_TERMS = 6;

/** Few products of scales up to this, or down to its inverse, overflow. */
const FAR: Readonly<Record<FloatDtype, number>> = { float32: 1e8, float64: 1e60 };

/** A sum over axes of a value times something known. */
interface Sum {
  readonly x: Atom;
  /** The axes of x that are summed over. */
  readonly gone: readonly number[];
  times(form: Form): Form;
  /** The result's axes, of a term of x (or of x times the known). */
  axesOf(term: Term): Axes;
}

class Contraction {
  readonly ops: Ops;
  readonly #network: Network;
  readonly #labels: Labels;
  readonly #width: number;
  readonly #bands: boolean;
  readonly #dtype: FloatDtype;
  readonly #known = new Map<Atom, Atom>();
  readonly #forms = new Map<Atom, Form>();
  /** The reduce_sums and dots of each value, this program's. */
  readonly #sums = new Map<Atom, Equation[]>();
  /** Values of which it is decided which terms are added up. */
  readonly #decided = new Set<Atom>();

  constructor(ops: Ops, rest: Program, { knownCount, width, shift, structured, bands }: SeedRequest, tiles: number) {
    this.#bands = bands;
    this.ops = ops;
    this.#width = width;
    this.#labels = new Labels(width);
    for (const e of rest.equations) {
      if (e.primitive !== 'dot' && e.primitive !== 'reduce_sum') continue;
      for (const a of new Set(e.inputs)) this.#sums.set(a, [...(this.#sums.get(a) ?? []), e]);
    }
    for (const v of rest.inputs.slice(0, knownCount)) this.#known.set(v, ops.input(v.aval, v.scope));
    const seeded = rest.inputs.slice(knownCount);
    this.#dtype = seeded[0].aval.dtype as FloatDtype;
    const columns = this.#seed(seeded, shift, structured);
    this.#network = new Network(ops, this.#labels, columns, tiles, this.#dtype);
  }

  /** The tangent of each seeded leaf: a unit vector, which has labels and no factor. */
  #seed(seeded: readonly Var[], shift: number, structured: boolean): Columns[] {
    const { ops } = this;
    const indices = ops.input({ shape: [this.#width], dtype: 'int32' }, 'seeds');
    let offset = 0;
    return seeded.flatMap((v) => {
      const { shape } = v.aval;
      const size = sizeOf(shape);
      const local = ops.add(indices, shift - offset);
      offset += size;
      if (size === 0) return [];
      if (!structured) {
        this.#forms.set(v, this.#arrayForm(denseSeeds(ops, local, shape, this.#dtype, 'leading'), shape));
        return [];
      }
      const columns = new Columns(ops, this.#labels, shape, size, local);
      const axes = this.#axesOver(shape, columns.labels);
      // Where several leaves share a tile, a leaf's tangent is zero in the columns of the others.
      const mask: Factor = { atom: ops.cast(columns.own(), this.#dtype), labels: [BATCH] };
      this.#forms.set(v, [{ scale: 1, factors: seeded.length > 1 ? [mask] : [], axes }]);
      return columns;
    });
  }

  /** One label for each axis longer than 1, none for the others. */
  #axesOver(shape: Shape, labels: readonly Label[]): Axes {
    let next = 0;
    return shape.map((d) => (d > 1 ? [labels[next++]] : []));
  }

  #freshAxes(shape: Shape): Axes {
    return shape.map((d) => (d > 1 ? [this.#labels.fresh(d)] : []));
  }

  run(equation: Equation): void {
    const { inputs, output, primitive, params } = equation;
    this.ops.at(equation);
    if (inputs.every((a) => this.#knownValue(a))) {
      const values = inputs.map((a) => this.#knownValue(a) as Atom);
      this.#known.set(output, this.ops.emit(primitive, values, params));
      return;
    }
    const form = this.#formOf(equation) ?? this.#opaque(equation);
    this.#forms.set(output, form.length > MOST_TERMS ? this.#dense(form, output.aval.shape) : form);
  }

  /** An output over the batch, in pieces; what none of them covers is zero. */
  output(a: Atom): Piece[] {
    const { shape } = a.aval;
    const form = this.#form(a);
    if (form.length > 0) return this.#network.pieces(form, shape, this.#bands);
    const known = this.#knownValue(a);
    const zero = known === undefined || isZero(known);
    if (zero && this.#bands) return [];
    const values = batchedAt(this.ops, { value: known ?? this.ops.full(a, 0), axis: null }, this.#width, 0);
    return [{ values: this.ops.reshape(values, [this.#width, sizeOf(shape)]) }];
  }

  #knownValue(a: Atom): Atom | undefined {
    return isVar(a) ? this.#known.get(a) : a;
  }

  #form(a: Atom): Form {
    return this.#forms.get(a) ?? [];
  }

  #formOf(equation: Equation): Form | undefined {
    const { primitive, inputs, params, output } = equation;
    const { ops } = this;
    const [x, y] = inputs;
    switch (primitive) {
      case 'neg':
        return this.#scaled(this.#form(x), -1);
      case 'add':
        return addForms(ops, this.#form(x), this.#form(y), this.#labels);
      case 'sub':
        return addForms(ops, this.#form(x), this.#scaled(this.#form(y), -1), this.#labels);
      case 'mul': {
        const [known, unknown] = this.#knownValue(x) ? [x, y] : [y, x];
        const factor = this.#knownValue(known);
        return factor && this.#times(this.#form(unknown), factor);
      }
      case 'div': {
        const divisor = this.#knownValue(y);
        return divisor && this.#times(this.#form(x), ops.div(1, divisor));
      }
      case 'permute': {
        const permutation = params.permutation as readonly number[];
        return this.#form(x).map((term) => ({ ...term, axes: permutation.map((i) => term.axes[i]) }));
      }
      case 'reshape':
        return this.#reshaped(x, output.aval.shape);
      case 'broadcast': {
        const axes = params.axes as readonly number[];
        const fresh = this.#freshAxes(output.aval.shape);
        return this.#form(x).map((term) => ({
          ...term,
          axes: fresh.map((axis, i) => (axes.includes(i) ? term.axes[axes.indexOf(i)] : axis)),
        }));
      }
      case 'reduce_sum':
      case 'dot': {
        const sum = this.#sumOf(equation);
        return sum && this.#contracted(sum);
      }
      case 'slice':
      case 'pad':
      case 'roll':
      case 'concat':
        return this.#cut(equation);
      default:
        return undefined;
    }
  }

  /** Slices, pads, rolls and joins of seeds' axes; others are ops like any other. */
  #cut(equation: Equation): Form | undefined {
    const { ops } = this;
    const cuts = this.#bands ? cutsOf(equation) : undefined;
    return cuts?.reduce<Form | undefined>((sum, { operand, cuts: each }) => {
      const part = cutSeeds(ops, this.#labels, this.#form(operand), each, this.#dtype);
      return part && sum && addForms(ops, sum, part, this.#labels);
    }, []);
  }

  #times(form: Form, factor: Atom): Form {
    if (factor.kind === 'literal') return this.#scaled(form, factor.value);
    return this.#settled(withFactor(this.ops, form, (term) => this.#labelled(factor, term.axes)));
  }

  #scaled(form: Form, by: number): Form {
    return this.#settled(form.map((term) => ({ ...term, scale: term.scale * by })));
  }

  /**
   * The form with scales that are far from 1 multiplied into a factor: products of factors over- or underflow when what
   * balances them comes only afterwards.
   */
  #settled(form: Form): Form {
    return form.map((term) => {
      const size = Math.abs(term.scale);
      const far = FAR[this.#dtype];
      return term.factors.length === 0 || (size < far && size > 1 / far) ? term : this.#network.settle(term);
    });
  }

  /** A known array as a factor over the labels of the axes given; an axis that it repeats along has no label in it. */
  #labelled(array: Atom, axes: Axes): Factor {
    const maker = this.ops.maker(array);
    if (maker?.primitive === 'broadcast') {
      const own = maker.params.axes as readonly number[];
      return this.#labelled(
        maker.inputs[0],
        own.map((i) => axes[i]),
      );
    }
    const labels = axes.flat();
    const shape = labels.map((label) => this.#labels.size(label));
    return { atom: this.ops.reshape(array, shape), labels };
  }

  /** Axes joined or cut where labels begin and end; undefined where a label would have to be cut. */
  #reshaped(x: Atom, shape: Shape): Form | undefined {
    const terms: Term[] = [];
    for (const term of this.#form(x)) {
      const axes = regrouped(term.axes.flat(), shape, this.#labels);
      if (!axes) return undefined;
      terms.push({ ...term, axes });
    }
    return terms;
  }

  /** What a reduce_sum or a dot does to a form; undefined where a dot's other operand isn't known. */
  #sumOf({ primitive, inputs, params, output }: Equation): Sum | undefined {
    if (primitive === 'reduce_sum') {
      const gone = params.axes as readonly number[];
      const kept = inputs[0].aval.shape.map((_, i) => i).filter((i) => !gone.includes(i));
      return {
        x: inputs[0],
        gone,
        times: (form) => form,
        axesOf: (term) => kept.map((i) => term.axes[i]),
      };
    }
    const { lhs, rhs, out } = params as unknown as DotParams;
    const knownFirst = this.#knownValue(inputs[0]) !== undefined;
    const [knownLabels, labels] = knownFirst ? [lhs, rhs] : [rhs, lhs];
    const [known, x] = knownFirst ? inputs : [inputs[1], inputs[0]];
    const array = this.#knownValue(known);
    if (!array) return undefined;
    const fresh = this.#freshAxes(output.aval.shape);
    const axesOf = (term: Term): ((name: number) => readonly Label[]) => {
      return (name) => (labels.includes(name) ? term.axes[labels.indexOf(name)] : fresh[out.indexOf(name)]);
    };
    return {
      x,
      gone: labels.map((_, i) => i).filter((i) => !out.includes(labels[i])),
      times: (form) => {
        if (array.kind === 'literal') return this.#scaled(form, array.value);
        return this.#settled(
          withFactor(this.ops, form, (term) => this.#labelled(array, knownLabels.map(axesOf(term)))),
        );
      },
      axesOf: (term) => out.map(axesOf(term)),
    };
  }

  /** A form times something, summed over some axes. */
  #contracted({ x, times, gone, axesOf }: Sum): Form {
    this.#addUp(x);
    return times(this.#form(x)).map((term) => {
      const summed = this.#network.eliminate(term, labelsAt(term, gone), axesOf(term));
      return { ...summed, axes: axesOf(summed) };
    });
  }

  /** If all sums over x together cost less when several of its terms are added up first, they are; decided once. */
  #addUp(x: Atom): void {
    if (this.#decided.has(x)) return;
    this.#decided.add(x);
    const form = this.#form(x);
    const dense = form.filter((term) => !this.#hasDelta(term));
    if (dense.length < 2) return;
    const rest = form.filter((term) => this.#hasDelta(term));
    this.#forms.set(x, [...rest, ...this.#addedUp(x, dense)]);
  }

  /** These terms of x as all sums over x cost least: as they are, with their constants added up, or as one array. */
  #addedUp(x: Atom, terms: Form): Form {
    const network = this.#network;
    const sums = (this.#sums.get(x) ?? []).flatMap((equation) => this.#sumOf(equation) ?? []);
    const priceOf = ({ times, gone }: Sum, form: Form): number =>
      times(form).reduce((cost, term) => cost + network.eliminationCost(term, labelsAt(term, gone)), 0);
    const total = (form: Form): number => sums.reduce((cost, sum) => cost + priceOf(sum, form), 0);
    const prices = sums.map((sum) => priceOf(sum, terms));
    const apart = prices.reduce((all, price) => all + price);
    const dearest = sums[prices.indexOf(Math.max(...prices))];
    // What the dearest sum is over: the engine turns operands of batched products itself, in float32 only.
    const summedPlace = this.#dtype === 'float32' ? 3 : 1;
    const gone = labelsAt(terms[0], dearest.gone);
    let making = 0;
    const together = pooled(this.ops, terms, this.#labels, (union) => {
      if (!network.mayKeep(terms[0], union)) return undefined;
      making += network.constantCost(union);
      const place = (label: Label): number => (this.#labels.isSeed(label) ? 0 : gone.has(label) ? summedPlace : 2);
      return [...union].sort((a, b) => place(a) - place(b));
    });
    const inFewer = together.length < terms.length ? making + total(together) : Number.POSITIVE_INFINITY;
    // Priced with a stand-in: what matters are the labels of the array that they would be added up to.
    const standIn = [{ scale: 1, axes: terms[0].axes, factors: [this.#standIn(terms[0].axes)] }];
    const added = terms.reduce((cost, term) => cost + network.materializationCost(term), 0);
    if (total(standIn) + added < Math.min(apart, inFewer)) return this.#dense(terms, x.aval.shape);
    return inFewer < apart ? together : terms;
  }

  #standIn(axes: Axes): Factor {
    const labels = [BATCH, ...axes.flat()];
    const shape = labels.map((label) => this.#labels.size(label));
    return { atom: this.ops.input({ shape, dtype: this.#dtype }), labels };
  }

  #hasDelta(term: Term): boolean {
    return term.axes.flat().some((label) => this.#labels.isSeed(label));
  }

  /** A form as one array of its own. */
  #dense(form: Form, shape: Shape): Form {
    return this.#arrayForm(this.#network.materialize(form, shape), shape);
  }

  #arrayForm(atom: Atom, shape: Shape): Form {
    const axes = this.#freshAxes(shape);
    const labels = [BATCH, ...axes.flat()];
    const array = this.ops.reshape(
      atom,
      labels.map((label) => this.#labels.size(label)),
    );
    return [{ scale: 1, factors: [{ atom: array, labels }], axes }];
  }

  /** Any other linear op: over the batch, by its own rule. */
  #opaque({ primitive, inputs, params, output }: Equation): Form {
    const { ops } = this;
    const operands = inputs.map((a) => {
      const known = this.#knownValue(a);
      if (known) return { value: known, axis: null };
      const form = this.#form(a);
      // Terms that cancel leave a zero, which depends on no seed.
      if (form.length === 0) return { value: ops.full(a, 0), axis: null };
      const value = this.#network.materialize(form, a.aval.shape);
      this.#forms.set(a, this.#arrayForm(value, a.aval.shape));
      return { value, axis: 0 };
    });
    if (operands.every(({ axis }) => axis === null)) return [];
    const batched = rulesOf(primitive).vmap(ops, operands, params, this.#width);
    return this.#arrayForm(batchedAt(ops, batched, this.#width, 0), output.aval.shape);
  }
}

export interface Contracted {
  readonly program: Program;
  /** For each output of `rest`, the pieces that the program gives: `size` elements each, with or without places. */
  readonly pieces: readonly (readonly { readonly size: number; readonly placed: boolean }[])[];
}

/**
 * (…known inputs of `rest`, seed indices int32[width]) → the pieces of the outputs of `rest` over the batch: values
 * `[width, size]`, and after them, where they are placed, the element at which each column's begin, int32[width],
 * negative for columns that have none. What no piece covers is zero. `tiles`: how many tiles share a point. What depends
 * on no seed is for `partition` to move to the point.
 */
export const contract = (rest: Program, request: SeedRequest, tiles: number): Contracted => {
  const ops = newOps();
  const contraction = new Contraction(ops, rest, request, tiles);
  for (const equation of rest.equations) contraction.run(equation);
  const outputs = rest.outputs.map((a) => contraction.output(a));
  const atoms = outputs.flat().flatMap(({ values, places }) => (places ? [values, places] : [values]));
  const program = ops.build(atoms);
  // Stand-ins were only there for their price.
  const isInput = (i: number): boolean => i <= request.knownCount;
  return {
    program: { ...program, inputs: program.inputs.filter((_, i) => isInput(i)) },
    pieces: outputs.map((pieces) =>
      pieces.map(({ values, places }) => ({ size: values.aval.shape[1], placed: places !== undefined })),
    ),
  };
};
