/** Program → functions of TensorFlow's: each equation through the table of lowerings, a stretch of the program in each. */

import { createHash } from 'node:crypto';
import { type Dtype, isFloat, printAval } from '../../ir/aval.ts';
import { malformed } from '../../ir/builder.ts';
import { type Atom, type Equation, isVar, type Program, type Var } from '../../ir/program.ts';
import type { Ops } from '../../primitives/ops.ts';
import { type Expansion, type Expansions, expanded } from '../expand.ts';
import { valueOfNothing } from '../nothing.ts';
import { Ranges } from '../ranges.ts';
import { int32Power, int32Quotient, toInt32 } from '../whole-numbers.ts';
import { isEmpty, type Tensor } from './graph.ts';
import { Site } from './lowering.ts';
import { loweringOf } from './lowering-table.ts';
import type { FunctionDef } from './saved-model.ts';

/** By −1, int32's least gives itself; in float64 its quotient would be one too great for a cast back. */
const quotient = (ops: Ops, x: Atom, y: Atom): Atom =>
  ops.select(ops.binary('eq', y, -1), ops.neg(x), int32Quotient(ops, 'div', x, y));

/** The larger or the smaller of two, NaN if either is: XLA on the CPU loses it. */
const extreme =
  (compare: 'ge' | 'le', strict: 'lt' | 'gt'): Expansion =>
  (ops, [x, y]) => {
    if (!isFloat(x.aval.dtype)) return undefined;
    return ops.select(ops.binary(compare, x, y), x, ops.select(ops.binary(strict, x, y), y, ops.add(x, y)));
  };

/** What TensorFlow lacks, or leaves undefined. */
const EXPANSIONS: Expansions = {
  custom_jvp: (_ops, [value]) => value,
  max: extreme('ge', 'lt'),
  min: extreme('le', 'gt'),
  div: (ops, [x, y]) => (x.aval.dtype === 'int32' ? quotient(ops, x, y) : undefined),
  rem: (ops, [x, y]) => (x.aval.dtype === 'int32' ? int32Quotient(ops, 'rem', x, y) : undefined),
  pow: (ops, [x, y]) => (x.aval.dtype === 'int32' ? int32Power(ops, x, y) : undefined),
  cast: (ops, [x], { dtype }) => (isFloat(x.aval.dtype) && (dtype as Dtype) === 'int32' ? toInt32(ops, x) : undefined),
};

const lowerEquation = (site: Site, equation: Equation): Tensor => {
  const { primitive, inputs, params, output } = equation;
  const { shape, dtype } = output.aval;
  // No lowering meets an empty array.
  if (isEmpty(shape)) return site.graph.filled(0, shape, dtype);
  if (primitive !== 'concat' && inputs.some((a) => isEmpty(a.aval.shape))) {
    return site.graph.filled(valueOfNothing(equation), shape, dtype);
  }
  const lowering = loweringOf(primitive);
  if (lowering === 'expanded') throw malformed(`${primitive} came to be lowered without being expanded.`);
  const label = output.scope === undefined ? primitive : `${primitive}/${output.scope}`;
  site.graph.label = label.replace(/[^\w/]/g, '_');
  return lowering(site, inputs, params, output.aval);
};

/**
 * XLA fuses what it is given as far as it goes, and computes again what several loops read: of a long program it takes
 * minutes and more. So it is given stretches of so many equations.
 */
const SHORTEST = 32;
const LONGEST = 96;
/** A cut is chosen by so many equations before it, and as many behind. */
const AROUND = 4;

/** A stretch of a program: a function, which other stretches may call, too, what goes in and what comes out. */
export interface Piece {
  readonly body: FunctionDef;
  readonly args: readonly Var[];
  readonly results: readonly Atom[];
}

/** What an equation does, wherever its operands come from. */
const kindOf = ({ primitive, inputs, params, output }: Equation): string => {
  const operand = (a: Atom): string => (isVar(a) ? printAval(a.aval) : `${a.value} ${printAval(a.aval)}`);
  return `${primitive} ${JSON.stringify(params)} ${inputs.map(operand)} ${printAval(output.aval)}`;
};

/**
 * Cut by what stands around the cut, and not by where it stands: what repeats, as the steps of a loop do, is cut at the same
 * places each time, and XLA compiles stretches that are equal once.
 */
const stretchesOf = (equations: readonly Equation[]): Equation[][] => {
  const kinds = equations.map(kindOf);
  const markOf = (cut: number): string =>
    createHash('sha256')
      .update(kinds.slice(cut - AROUND, cut + AROUND).join(';'))
      .digest('hex');
  const stretches: Equation[][] = [];
  let from = 0;
  while (equations.length - from > LONGEST) {
    let cut = from + SHORTEST;
    let least = markOf(cut);
    for (let i = cut + 1; i <= from + LONGEST; i++) {
      const mark = markOf(i);
      if (mark < least) [cut, least] = [i, mark];
    }
    stretches.push(equations.slice(from, cut));
    from = cut;
  }
  stretches.push(equations.slice(from));
  return stretches;
};

/** Of each variable, the last stretch that takes it. */
const lastUses = (stretches: readonly (readonly Equation[])[]): ReadonlyMap<Atom, number> => {
  const last = new Map<Atom, number>();
  for (const [i, equations] of stretches.entries()) for (const e of equations) for (const a of e.inputs) last.set(a, i);
  return last;
};

/** A program in pieces, in order: the functions that they are, and what its outputs are among their results. */
interface Pieces {
  readonly pieces: readonly Piece[];
  readonly functions: readonly FunctionDef[];
  readonly outputs: readonly Atom[];
}

/** `jit`: whether XLA must compile each function. */
export const piecesOf = (program: Program, jit: boolean): Pieces => {
  const { equations, outputs } = expanded(program, EXPANSIONS);
  const stretches = stretchesOf(equations);
  const last = lastUses(stretches);
  const wanted = new Set(outputs);
  const ranges = new Ranges();
  const given = new Set<Atom>();
  const bodies = new Map<string, FunctionDef>();
  const pieces = stretches.map((stretch, i): Piece => {
    const isLast = i === stretches.length - 1;
    const values = stretch.map(({ output }) => output);
    const own = new Set<Atom>(values);
    // What no stretch makes, an input or a literal, comes out of the last one.
    const passed = isLast ? outputs.filter((a) => !given.has(a) && !own.has(a)) : [];
    const taken = [...stretch.flatMap(({ inputs }) => inputs), ...passed].filter(isVar);
    const args = [...new Set(taken)].filter((v) => !own.has(v) && !isEmpty(v.aval.shape));
    const leaving = values.filter((v) => wanted.has(v) || (last.get(v) ?? -1) > i);
    const results = [...new Set<Atom>([...leaving, ...passed])].filter((a) => !isEmpty(a.aval.shape));
    for (const v of values) given.add(v);

    const site = new Site(ranges, jit);
    for (const [k, v] of args.entries()) site.define(v, { name: `x${k}`, ...v.aval });
    for (const equation of stretch) {
      site.define(equation.output, lowerEquation(site, equation));
      ranges.note(equation);
    }
    site.graph.label = 'output';
    const made = {
      args: args.map(({ aval: { dtype } }, k) => ({ name: `x${k}`, dtype })),
      results: results.map((a, k) => {
        const { name, dtype } = site.graph.node('Identity', [site.full(a)], a.aval);
        return { name: `y${k}`, dtype, from: name };
      }),
      nodes: site.graph.nodes,
      // TensorFlow leaves functions of data pipelines as they are: for sums of many large terms it would put in variables,
      // which XLA can't compile.
      attributes: jit ? { _XlaMustCompile: true, _tf_data_function: true } : {},
    };
    const key = JSON.stringify(made, (_, value) => (value instanceof Uint8Array ? [...value] : value));
    const body = bodies.get(key) ?? { name: `stretch${bodies.size}`, ...made };
    bodies.set(key, body);
    return { body, args, results };
  });
  return { pieces, functions: [...bodies.values()], outputs };
};
