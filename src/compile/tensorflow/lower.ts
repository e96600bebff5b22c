/** Program → SavedModel: each equation through the table of lowerings, in one function that XLA must compile. */

import { type Aval, type Dtype, isFloat } from '../../ir/aval.ts';
import { malformed } from '../../ir/builder.ts';
import { type Atom, type Equation, isVar, type Program, type Var } from '../../ir/program.ts';
import type { Ops } from '../../primitives/ops.ts';
import { type Expansion, type Expansions, expanded } from '../expand.ts';
import { valueOfNothing } from '../nothing.ts';
import { int32Power, int32Quotient, toInt32 } from '../onnx/special/whole-numbers.ts';
import { isEmpty, type Tensor } from './graph.ts';
import { Site } from './lowering.ts';
import { loweringOf } from './lowering-table.ts';
import type { EndPoint, FunctionDef, NodeDef, SavedModel } from './saved-model.ts';
import { fedAs, feedName, HOLD, isHeld, RUN, resultName } from './signatures.ts';

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

const PROGRAM = 'program';

/** The inputs that a program uses, and where they stand in it. */
const usedInputs = ({ inputs, equations, outputs }: Program): { v: Var; k: number }[] => {
  const used = new Set([...equations.flatMap((e) => e.inputs), ...outputs].filter(isVar));
  return inputs.map((v, k) => ({ v, k })).filter(({ v }) => used.has(v) && !isEmpty(v.aval.shape));
};

const bodyOf = (program: Program, jit: boolean): FunctionDef => {
  const site = new Site();
  const args = usedInputs(program).map(({ v, k }) => {
    const name = `x${k}`;
    site.define(v, { name, ...v.aval });
    return { name, dtype: v.aval.dtype };
  });
  for (const equation of program.equations) {
    site.define(equation.output, lowerEquation(site, equation));
    site.ranges.note(equation);
  }
  site.graph.label = 'output';
  const results = program.outputs.flatMap((atom, k) => {
    if (isEmpty(atom.aval.shape)) return [];
    const { name, dtype } = site.graph.node('Identity', [site.full(atom)], atom.aval);
    return [{ name: `y${k}`, dtype, from: name }];
  });
  return { name: PROGRAM, args, results, nodes: site.graph.nodes, attributes: jit ? { _XlaMustCompile: true } : {} };
};

const pointOf = (node: string, aval: Aval): EndPoint => ({ node, ...fedAs(aval) });

const placeholder = ({ node: name, dtype, shape }: EndPoint): NodeDef => ({
  name,
  op: 'Placeholder',
  inputs: [],
  attributes: { dtype: { type: dtype }, shape: { shape } },
});

/** The same bytes as another dtype. */
const bitcast = (name: string, input: string, from: Dtype, to: Dtype): NodeDef =>
  from === to
    ? { name, op: 'Identity', inputs: [input], attributes: { T: { type: from } } }
    : { name, op: 'Bitcast', inputs: [input], attributes: { T: { type: from }, type: { type: to } } };

/** A variable of the session's: assigned what is given, and read by the program. */
const variable = (k: number, given: string, { dtype, shape }: Var['aval']): NodeDef[] => {
  const name = `held${k}`;
  const type = { dtype: { type: dtype } };
  return [
    { name, op: 'VarHandleOp', inputs: [], attributes: { ...type, shape: { shape }, shared_name: name } },
    { name: `hold${k}`, op: 'AssignVariableOp', inputs: [name, given], attributes: type },
    { name: `read${k}`, op: 'ReadVariableOp', inputs: [name], attributes: type },
  ];
};

/** `jit`: whether XLA compiles it; else TensorFlow runs its operations one by one. */
export const lowerForTensorflow = (program: Program, jit: boolean): SavedModel => {
  const body = bodyOf(expanded(program, EXPANSIONS), jit);
  const nodes: NodeDef[] = [];
  const run: { inputs: EndPoint[]; outputs: EndPoint[] } = { inputs: [], outputs: [] };
  const hold: { inputs: EndPoint[]; outputs: EndPoint[] } = { inputs: [], outputs: [] };
  const operands: string[] = [];
  for (const { name, dtype } of body.args) {
    const k = Number(name.slice(1));
    const { aval } = program.inputs[k];
    const feed = pointOf(feedName(k), aval);
    nodes.push(placeholder(feed), bitcast(name, feed.node, feed.dtype, dtype));
    const held = isHeld(aval);
    if (held) nodes.push(...variable(k, name, aval));
    operands.push(held ? `read${k}` : name);
    (held ? hold : run).inputs.push(feed);
  }
  nodes.push({
    name: PROGRAM,
    op: 'PartitionedCall',
    inputs: operands,
    attributes: {
      Tin: { types: body.args.map(({ dtype }) => dtype) },
      Tout: { types: body.results.map(({ dtype }) => dtype) },
      f: { func: PROGRAM },
      ...body.attributes,
    },
  });
  for (const [i, { name, dtype }] of body.results.entries()) {
    const k = Number(name.slice(1));
    const point = pointOf(resultName(k), program.outputs[k].aval);
    nodes.push(bitcast(point.node, `${PROGRAM}:${i}`, dtype, point.dtype));
    run.outputs.push(point);
  }
  const content = new Uint8Array(4);
  const nothing = { tensor: { dtype: 'int32', dims: [], content } } as const;
  const assigned = hold.inputs.map(({ node }) => `^hold${node.slice(feedName(0).length - 1)}`);
  nodes.push(
    { name: 'nothing', op: 'Const', inputs: [], attributes: { dtype: { type: 'int32' }, value: nothing } },
    { name: HOLD, op: 'Identity', inputs: ['nothing', ...assigned], attributes: { T: { type: 'int32' } } },
  );
  hold.outputs.push({ node: HOLD, dtype: 'int32', shape: [] });
  return { nodes, functions: [body], signatures: { [RUN]: run, [HOLD]: hold } };
};
