/** A tf.GraphModel as a function of its weights. */

import * as tf from '@tensorflow/tfjs-core';
import { DiffopsError } from '../errors.ts';
import { unflattenTree } from '../pytree.ts';
import type { Model, ModelParams } from './contract.ts';
import { copyOf, Expected, readInputs } from './params.ts';
import { disposedGraph, dynamicGraph, unknownOp } from './refusals.ts';
import { flattened, Slot } from './weights.ts';

interface GraphNode {
  readonly name: string;
  readonly op: string;
  /** Which of tfjs-converter's executors runs it; none where it knows no such op. */
  readonly category?: string;
  /** `node`, `node:1` or `^node`, of which `inputs` are the nodes. */
  readonly inputNames: readonly string[];
  readonly inputs: readonly GraphNode[];
  readonly inputParams: Readonly<
    Record<string, { readonly type: string; readonly inputIndexStart?: number; readonly inputIndexEnd?: number }>
  >;
}

interface GraphExecutor {
  readonly graph: {
    readonly nodes: Readonly<Record<string, GraphNode>>;
    readonly outputs: readonly GraphNode[];
  };
  readonly inputs: readonly { readonly name: string }[];
  /** Each weight is a list of one. */
  readonly weightMap: Record<string, tf.Tensor[]>;
}

interface GraphModel {
  readonly executor: GraphExecutor;
  predict(inputs: unknown): tf.Tensor | tf.Tensor[] | tf.NamedTensorMap;
}

export const isGraphModel = (value: unknown): value is GraphModel => {
  const { executor, predict } = (value ?? {}) as Partial<GraphModel>;
  return (
    typeof predict === 'function' && typeof executor?.weightMap === 'object' && Array.isArray(executor.graph?.outputs)
  );
};

/** Nodes whose values don't depend on their input's. */
const SHAPES_ONLY = new Set(['Shape', 'ShapeN', 'Size', 'Rank', 'ZerosLike', 'OnesLike']);

/** The nodes that other nodes read values of: axes, shapes, limits; and all that these come from. */
const readByValue = (nodes: readonly GraphNode[]): Set<string> => {
  const read = new Set<string>();
  const visit = (node: GraphNode): void => {
    if (read.has(node.name)) return;
    read.add(node.name);
    if (!SHAPES_ONLY.has(node.op)) node.inputs.forEach(visit);
  };
  for (const node of nodes) {
    for (const { type, inputIndexStart: start, inputIndexEnd } of Object.values(node.inputParams)) {
      if (start === undefined || type === 'tensor' || type === 'tensors') continue;
      const from = start < 0 ? node.inputs.length + start : start;
      const end = inputIndexEnd === 0 ? node.inputs.length : (inputIndexEnd ?? from + 1);
      node.inputs.slice(from, end).forEach(visit);
    }
  }
  return read;
};

/** What tfjs-converter runs asynchronously, as executeAsync does: by values, or with shapes that depend on them. */
const DYNAMIC = new Set(['control', 'dynamic', 'hash_table']);

/** Refuses what the outputs need and `predict` can't run in one go. */
const requireStatic = ({ graph, weightMap }: GraphExecutor): void => {
  const needed = new Set(graph.outputs);
  for (const node of needed) {
    if (weightMap[node.name]) continue;
    if (node.category === undefined) throw unknownOp(node.name, node.op);
    if (DYNAMIC.has(node.category)) throw dynamicGraph(node.name, node.op);
    for (const input of node.inputs) needed.add(input);
  }
};

const requireAlive = (weights: Readonly<Record<string, readonly tf.Tensor[]>>): void => {
  for (const [name, [tensor]] of Object.entries(weights)) {
    if (tensor?.isDisposed) throw disposedGraph(name);
  }
};

/** Runs with `values` in the place of the weights named; they are back afterwards, also if `run` throws. */
const withWeights = <T>(
  map: Record<string, tf.Tensor[]>,
  names: readonly string[],
  values: readonly tf.Tensor[],
  run: () => T,
): T => {
  const before = names.map((name) => map[name]);
  try {
    for (const [i, name] of names.entries()) map[name] = [values[i]];
    return run();
  } finally {
    for (const [i, name] of names.entries()) map[name] = before[i];
  }
};

/** Inputs of other names or shapes than the graph's are what it then throws for. */
const outputsOf = (model: GraphModel, inputs: ReturnType<typeof readInputs>): ReturnType<GraphModel['predict']> => {
  try {
    return model.predict(inputs);
  } catch (thrown) {
    throw DiffopsError.from(thrown, 'INPUT', 'the GraphModel can’t run on these inputs: ');
  }
};

/** The function and its params. Refuses what can't be one. */
export const graphFunction = (model: GraphModel): Model => {
  const { executor } = model;
  const { weightMap } = executor;
  requireAlive(weightMap);
  requireStatic(executor);
  const fixed = readByValue(Object.values(executor.graph.nodes));
  const varied = Object.keys(weightMap).filter((name) => weightMap[name][0]?.dtype === 'float32' && !fixed.has(name));
  const tree = Object.fromEntries(varied.map((name) => [name, new Slot(name)]));
  const { weights: names, paths, structure } = flattened(tree, 'params');
  const copies = names.map((name, i) => copyOf(weightMap[name][0], paths[i]));
  const expected = new Expected(
    paths,
    copies.map(({ shape }) => shape),
  );
  const apply = (given: unknown, inputs: unknown) =>
    tf.tidy(() => {
      requireAlive(weightMap);
      const values = expected.read(given);
      const tensors = readInputs(inputs);
      return withWeights(weightMap, names, values, () => outputsOf(model, tensors));
    });
  return { params: unflattenTree(structure, copies) as ModelParams, apply: apply as never };
};
