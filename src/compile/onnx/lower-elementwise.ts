/** Lowerings of elementwise primitives: operands meet by the engine's own broadcasting, in the order that moves least. */

import { type Dtype, sameShape, sizeOf } from '../../ir/aval.ts';
import type { Atom } from '../../ir/program.ts';
import type { GraphBuilder, Tensor } from './graph.ts';
import type { Lowering } from './lowering.ts';
import { broadcastShape, type Lowered, type Placed, type Site } from './site.ts';

type None = Record<never, never>;

/** Emits the nodes over operands that broadcast against each other. */
type Emit = (graph: GraphBuilder, operands: readonly Tensor[], dtype: Dtype) => Tensor;

/**
 * One node. Where operands differ in shape, axes on which all have length 1 are taken out: the engine would work
 * on runs of one element, 12 ns each (bench/lowering.ts).
 */
const node = (opType: string, attributes = {}): Emit => {
  const options = { attributes };
  return (graph, operands, dtype) => {
    const shape = broadcastShape(operands.map((t) => t.shape));
    const alike = operands.every((t) => sameShape(t.shape, shape));
    if (alike || sizeOf(shape) === 1 || !shape.includes(1)) return graph.node(opType, operands, dtype, shape, options);
    const rank = shape.length;
    const squeezed = operands.map((t) =>
      graph.reshape(
        t,
        t.shape.filter((_, i) => shape[i + rank - t.shape.length] !== 1),
      ),
    );
    const dense = shape.filter((d) => d !== 1);
    return graph.reshape(graph.node(opType, squeezed, dtype, dense, options), shape);
  };
};

/** Elements that would have to move to bring an operand into an order. */
const moved = ({ tensor, order }: Placed, wanted: readonly number[]): number => {
  const real = (axes: readonly number[]): number[] => axes.filter((axis) => tensor.shape[order.indexOf(axis)] !== 1);
  const [own, other] = [real(order), real(wanted)];
  return own.every((axis, i) => axis === other[i]) ? 0 : sizeOf(tensor.shape);
};

/** The order, of those that operands have, into which the fewest elements have to be brought. */
export const commonOrder = (operands: readonly Placed[]): readonly number[] => {
  let best = operands[0].order;
  let least = Number.POSITIVE_INFINITY;
  for (const { order } of operands) {
    const total = operands.reduce((sum, operand) => sum + moved(operand, order), 0);
    if (total < least) [best, least] = [order, total];
  }
  return best;
};

const elementwise = (site: Site, inputs: readonly Atom[], dtype: Dtype, emit: Emit): Lowered => {
  if (inputs.every((a) => site.isOrdered(a))) {
    return emit(
      site.graph,
      inputs.map((a) => site.compact(a)),
      dtype,
    );
  }
  const order = commonOrder(inputs.filter((a) => a.kind === 'var').map((a) => site.placed(a)));
  const operands = inputs.map((a) => (a.kind === 'literal' ? site.compact(a) : site.at(a, order)));
  return { tensor: emit(site.graph, operands, dtype), order };
};

/** A primitive that is one node of ONNX. */
export const native = (opType: string, attributes = {}): Lowering<None> => {
  const emit = node(opType, attributes);
  return (site, inputs, _params, output) => elementwise(site, inputs, output.dtype, emit);
};

export const and: Lowering<None> = (site, inputs, _params, { dtype }) =>
  elementwise(site, inputs, dtype, node(dtype === 'int32' ? 'BitwiseAnd' : 'And'));

export const notEqual: Lowering<None> = (site, inputs) =>
  elementwise(site, inputs, 'bool', (graph, operands) =>
    node('Not')(graph, [node('Equal')(graph, operands, 'bool')], 'bool'),
  );

/** Where has no bool kernel. */
const selectBool: Emit = (graph, [condition, a, b]) => {
  const whenTrue = node('And')(graph, [condition, a], 'bool');
  const whenFalse = node('And')(graph, [node('Not')(graph, [condition], 'bool'), b], 'bool');
  return node('Or')(graph, [whenTrue, whenFalse], 'bool');
};

export const select: Lowering<None> = (site, inputs, _params, { dtype }) =>
  elementwise(site, inputs, dtype, dtype === 'bool' ? selectBool : node('Where'));

export const cast: Lowering<{ readonly dtype: Dtype }> = (site, inputs, { dtype }) =>
  elementwise(site, inputs, dtype, (graph, [x]) => graph.cast(x, dtype));
