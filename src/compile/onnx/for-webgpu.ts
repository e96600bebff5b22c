/** The graph of a program for ONNX Runtime's WebGPU provider, in the operators that it has; and those that it lacks. */

import type { Dtype, Shape } from '../../ir/aval.ts';
import type { Program } from '../../ir/program.ts';
import type { Expansions } from '../expand.ts';
import { cutFanOut } from './fan-out.ts';
import type { GraphBuilder } from './graph.ts';
import { legalize } from './legalize.ts';
import { lowerProgram } from './lower.ts';
import { DATA_TYPE, type Graph, type NodeProto } from './model.ts';

/** The larger or the smaller of two, NaN if either is. */
const extreme =
  (compare: 'ge' | 'le', strict: 'lt' | 'gt'): NonNullable<Expansions['max']> =>
  (ops, [x, y]) =>
    ops.select(ops.binary(compare, x, y), x, ops.select(ops.binary(strict, x, y), y, ops.add(x, y)));

/** What the provider computes on the CPU, by primitives that it doesn't. */
const EXPANSIONS: Expansions = {
  max: extreme('ge', 'lt'),
  min: extreme('le', 'gt'),
  sign: (ops, [x]) => ops.select(ops.binary('gt', x, 0), 1, ops.select(ops.binary('lt', x, 0), -1, x)),
};

const swapped = (order: readonly number[], i: number, k: number): number[] => {
  const moved = [...order];
  [moved[i], moved[k]] = [order[k], order[i]];
  return moved;
};

/** The order of axes that a FusedMatMul takes an operand's in: loops in front, and the last two exchanged if it says so. */
const orderOf = (rank: number, loopsInside: boolean, transposed: boolean): number[] => {
  const axes = Array.from({ length: rank }, (_, i) => i);
  const laid = loopsInside ? [...axes.slice(1, -1), 0, rank - 1] : axes;
  return transposed ? swapped(laid, rank - 2, rank - 1) : laid;
};

/** Nodes that the provider runs, in the place of those that it lacks. */
const rewritten = (graph: GraphBuilder, nodes: readonly NodeProto[]): NodeProto[] => {
  const result: NodeProto[] = [];
  const added = (node: Omit<NodeProto, 'name'>): string => {
    result.push({ ...node, name: `in other words#${result.length}` });
    return node.outputs[0];
  };
  for (const node of nodes) {
    const [out] = node.outputs;
    if (node.opType === 'FusedMatMul') {
      const { transA = 0, transB = 0, transBatchA = 0, transBatchB = 0 } = node.attributes;
      const operand = (k: number, loopsInside: boolean, transposed: boolean): string => {
        const name = node.inputs[k];
        const perm = orderOf(graph.shapeOf(name)?.length as number, loopsInside, transposed);
        if (perm.every((axis, i) => axis === i)) return name;
        return added({ opType: 'Transpose', inputs: [name], outputs: [`${out}/${k}`], attributes: { perm } });
      };
      const inputs = [operand(0, transBatchA === 1, transA === 1), operand(1, transBatchB === 1, transB === 1)];
      added({ opType: 'MatMul', inputs, outputs: [out], attributes: {} });
    } else if (node.opType === 'Sum') {
      node.inputs.slice(1).reduce((sum, term, k) => {
        const isLast = k === node.inputs.length - 2;
        return added({ opType: 'Add', inputs: [sum, term], outputs: [isLast ? out : `${out}/${k}`], attributes: {} });
      }, node.inputs[0]);
    } else if (node.opType === 'Identity' && graph.shapeOf(node.inputs[0])) {
      const shape = graph.shapeOf(node.inputs[0]) as Shape;
      added({ opType: 'Reshape', inputs: [node.inputs[0], graph.ints(shape)], outputs: [out], attributes: {} });
    } else result.push(node);
  }
  return cutFanOut(graph, result);
};

const F: readonly Dtype[] = ['float32'];
const FI: readonly Dtype[] = ['float32', 'int32'];

/** Operators of the provider (1.24.3), by the dtype of what they work on; test/compile/onnx/webgpu.test.ts asks the engine. */
const ON_DEVICE: Readonly<Record<string, readonly Dtype[]>> = {
  ...Object.fromEntries(
    'Abs Acos Acosh Asin Asinh Atan Atanh Ceil Cos Cosh CumSum Div Erf Exp Floor GatherElements Gemm Log MatMul Neg Pow Sin Sinh Slice Sqrt Tan Tanh'
      .split(' ')
      .map((name) => [name, F]),
  ),
  ...Object.fromEntries(
    'Add ArgMax ArgMin Concat Equal Expand Gather Greater GreaterOrEqual Less LessOrEqual Mul Pad ReduceMax ReduceMin ReduceSum Reshape ScatterND Split Sub Transpose Where'
      .split(' ')
      .map((name) => [name, FI]),
  ),
  And: ['bool'],
  Not: ['bool'],
};

/** What Cast takes and gives on the device. */
const CAST: readonly Dtype[] = ['float32', 'int32', 'bool'];

const isOnDevice = ({ opType, attributes }: NodeProto, dtype: Dtype): boolean =>
  opType === 'Cast'
    ? CAST.includes(dtype) && CAST.some((to) => DATA_TYPE[to] === attributes.to)
    : (ON_DEVICE[opType]?.includes(dtype) ?? false);

/** What no device sees: shapes, and what keeps outputs from being copied. */
const ASIDE: ReadonlySet<string> = new Set(['SequenceEmpty', 'ConstantOfShape']);

export const lowerForWebgpu = (program: Program): Graph =>
  lowerProgram(legalize(program, EXPANSIONS), { rewrite: rewritten, ordered: false });

/** Operators of a program that the provider lacks, and that run on the CPU: `TopK(float32)`, … */
export const lackingOnWebgpu = (program: Program): string[] => {
  const lacking = new Set<string>();
  const rewrite = (graph: GraphBuilder, nodes: readonly NodeProto[]): NodeProto[] => {
    const result = rewritten(graph, nodes);
    for (const node of result) {
      const dtype = graph.dtypeOf(node.inputs[node.opType === 'Where' ? 1 : 0]);
      if (dtype && !ASIDE.has(node.opType) && !isOnDevice(node, dtype)) lacking.add(`${node.opType}(${dtype})`);
    }
    return result;
  };
  lowerProgram(legalize(program, EXPANSIONS), { rewrite, ordered: false });
  return [...lacking].sort();
};
