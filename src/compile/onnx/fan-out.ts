/** Cuts values with many consumers: what the engine takes to load a graph grows with the square of these. */

import type { GraphBuilder } from './graph.ts';
import type { NodeProto } from './model.ts';

/** Consumers of one value, with the reshape that hands it on. */
export const MOST_CONSUMERS = 256;

/**
 * The same nodes, in which a value that more of them read is handed on from reshape to reshape, each to its own shape:
 * the engine makes no copy for that.
 */
export const cutFanOut = (graph: GraphBuilder, nodes: readonly NodeProto[]): NodeProto[] => {
  const counts = new Map<string, number>();
  for (const { inputs } of nodes) for (const name of inputs) counts.set(name, (counts.get(name) ?? 0) + 1);
  const taken = new Map<string, number>();
  const current = new Map<string, string>();
  const result: NodeProto[] = [];
  for (const node of nodes) {
    let inputs: string[] | undefined;
    for (const [i, name] of node.inputs.entries()) {
      const shape = (counts.get(name) ?? 0) > MOST_CONSUMERS ? graph.shapeOf(name) : undefined;
      if (!shape) continue;
      let own = current.get(name) ?? name;
      const uses = taken.get(own) ?? 0;
      // One consumer is left for the reshape, and one for what holds its place in the program's order.
      if (uses >= MOST_CONSUMERS - 2) {
        const handedOn = `${name}/${result.length}`;
        result.push({
          opType: 'Reshape',
          name: `handed on#${result.length}`,
          inputs: [own, graph.ints(shape)],
          outputs: [handedOn],
          attributes: {},
        });
        current.set(name, handedOn);
        own = handedOn;
      }
      taken.set(own, (taken.get(own) ?? 0) + 1);
      inputs ??= [...node.inputs];
      inputs[i] = own;
    }
    result.push(inputs ? { ...node, inputs } : node);
  }
  return result;
};
