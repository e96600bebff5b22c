/** Program → ONNX graph: each equation through the table of lowerings. */

import { bytesOf, sizeOf } from '../../ir/aval.ts';
import { malformed } from '../../ir/builder.ts';
import { type Atom, type Equation, isVar, type Program } from '../../ir/program.ts';
import { valueOfNothing } from '../nothing.ts';
import { cutFanOut } from './fan-out.ts';
import { type GraphBuilder, heldShape, type Tensor } from './graph.ts';
import { loweringOf } from './lowering-table.ts';
import type { Graph, NodeProto, ValueInfo } from './model.ts';
import { type Lowered, Site } from './site.ts';

const lowerEquation = (site: Site, equation: Equation): Lowered => {
  const { primitive, inputs, params, output } = equation;
  const { shape, dtype } = output.aval;
  // No lowering meets an empty array.
  if (sizeOf(shape) === 0) return site.graph.filled(0, shape, dtype);
  if (primitive !== 'concat' && inputs.some((a) => sizeOf(a.aval.shape) === 0)) {
    return site.graph.scalar(valueOfNothing(equation), dtype);
  }
  const lowering = loweringOf(primitive);
  if (lowering === 'expanded') throw malformed(`${primitive} came to be lowered without being expanded.`);
  site.graph.label = output.scope === undefined ? primitive : `${primitive} (${output.scope})`;
  return lowering(site, inputs, params, output.aval);
};

/** The name of a program's k-th input in the graph; an input that nothing uses isn't there. */
export const inputName = (k: number): string => `input${k}`;

const infoOf = ({ name, dtype, shape }: Tensor): ValueInfo => ({ name, dtype, shape: heldShape(shape) });

/** The nodes that the results need, and the names that those and the results use. */
const needed = (nodes: readonly NodeProto[], results: readonly string[]): { nodes: NodeProto[]; used: Set<string> } => {
  const used = new Set(results);
  const kept: NodeProto[] = [];
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i];
    if (!node.outputs.some((name) => used.has(name))) continue;
    kept.push(node);
    for (const name of node.inputs) used.add(name);
  }
  return { nodes: kept.reverse(), used };
};

/**
 * Values from this size on, the engine makes and uses in the program's order; smaller ones in its own, which is a little
 * faster. Where there are very many, smaller ones add up.
 */
const LARGE_BYTES = 1 << 20;
const LARGE_AMONG_MANY = 1 << 16;
const MANY_BYTES = 1 << 27;

/** Whether a value is large and the program's own: inputs are held by whoever gave them. */
const largeIn = ({ equations, inputs }: Program): ((atom: Atom) => boolean) => {
  const given = new Set<Atom>(inputs);
  const total = equations.reduce((sum, { output }) => sum + bytesOf(output.aval), 0);
  const least = total < MANY_BYTES ? LARGE_BYTES : LARGE_AMONG_MANY;
  return (atom) => isVar(atom) && !given.has(atom) && bytesOf(atom.aval) >= least;
};

/** Programs longer than this are cut into stretches, of which each is run before the next. */
const LONG_PROGRAM = 2000;
const STRETCH = 64;

/**
 * The last of each stretch's deepest results: sums of many terms are so added up term by term. Left to itself the engine
 * would make all terms first, and look through all that it holds for each.
 */
const milestones = ({ equations }: Program): ReadonlySet<Equation> => {
  const found = new Set<Equation>();
  if (equations.length <= LONG_PROGRAM) return found;
  const depths = new Map<Atom, number>();
  let deepest = equations[0];
  let most = 0;
  for (const [i, equation] of equations.entries()) {
    const depth = 1 + equation.inputs.reduce((max, a) => Math.max(max, depths.get(a) ?? 0), 0);
    depths.set(equation.output, depth);
    if (depth >= most) [deepest, most] = [equation, depth];
    if (i % STRETCH < STRETCH - 1) continue;
    found.add(deepest);
    most = 0;
  }
  return found;
};

/**
 * Nodes that make the engine reach the landmarks in this order: large values, what is made of them (which is when
 * they can be let go), and the ends of regions. It runs a
 * graph depth first from the nodes that have no consumer, the last in the model first; left to itself it would
 * start with what checkpointing computes anew, and hold it all the while (test/compile/onnx/memory.test.ts). So
 * each landmark gets a consumer of its own, which reads no more than its shape; these come last and in reverse.
 */
const orderedBy = (landmarks: readonly Tensor[], nodes: readonly NodeProto[]): NodeProto[] => {
  const made = new Set(nodes.flatMap((node) => node.outputs));
  return landmarks
    .filter(({ name }) => made.has(name))
    .map(({ name }, i) => ({
      opType: 'Size',
      name: `order#${i}`,
      inputs: [name],
      outputs: [`order${i}`],
      attributes: {},
    }))
    .reverse();
};

/** What differs from device to device. */
interface Target {
  /** Puts other nodes in the place of some. */
  readonly rewrite: (graph: GraphBuilder, nodes: readonly NodeProto[]) => NodeProto[];
  /** Whether the program's order is to be kept to, for the sake of memory. */
  readonly ordered: boolean;
}

const CPU: Target = { rewrite: cutFanOut, ordered: true };

/**
 * The graph of a program that has been legalized. Outputs are the program's, in order, and have its elements, in a
 * shape that may differ from the program's by a reshape.
 */
export const lowerProgram = (program: Program, { rewrite, ordered }: Target = CPU): Graph => {
  const site = new Site();
  const { graph } = site;
  const inputs = program.inputs.map((v, k) => {
    const tensor = graph.input(inputName(k), v.aval.dtype, v.aval.shape);
    site.define(v, tensor);
    return tensor;
  });
  const isLarge = largeIn(program);
  const landmarks: Tensor[] = [];
  const stretches = milestones(program);
  for (const [i, equation] of program.equations.entries()) {
    const lowered = lowerEquation(site, equation);
    site.define(equation.output, lowered);
    site.note(equation);
    const tensor = graph.root('order' in lowered ? lowered.tensor : lowered);
    const next = program.equations[i + 1];
    // The last comes last of itself.
    if (!next) continue;
    const ends = equation.region !== next.region;
    if (ends || stretches.has(equation) || isLarge(equation.output) || equation.inputs.some(isLarge))
      landmarks.push(tensor);
  }
  graph.label = 'output';
  const taken = new Set<string>();
  const outputs = program.outputs.map((atom) => {
    const tensor = graph.root(site.full(atom));
    // A name can leave the graph once, and only if a node made it.
    const copied = taken.has(tensor.name) || !graph.isMade(tensor);
    const result = copied ? graph.node('Identity', [tensor], tensor.dtype, tensor.shape) : tensor;
    taken.add(result.name);
    return result;
  });
  const results = outputs.map(({ name }) => name);
  const whole = needed(graph.nodes, results).nodes;
  const { nodes, used } = needed(rewrite(graph, whole), results);
  return {
    nodes: ordered ? [...nodes, ...orderedBy(landmarks, nodes)] : nodes,
    initializers: graph.initializers.filter(({ name }) => used.has(name)),
    inputs: inputs.filter(({ name }) => used.has(name)).map(infoOf),
    outputs: outputs.map(infoOf),
  };
};
