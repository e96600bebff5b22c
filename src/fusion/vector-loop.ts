/** Along which loop a kernel's vectors lie, and how many lanes they have. */

import type { Kernel, Node } from './kernel.ts';

/** Which nodes change where their own steps, or those of what they are computed from, are said to. */
export const variesAlong = (nodes: readonly Node[], moves: (steps: readonly number[]) => boolean): boolean[] => {
  const varies: boolean[] = [];
  for (const node of nodes) {
    if (node.kind === 'constant') varies.push(false);
    else if (node.kind === 'op') varies.push(node.operands.some((k) => varies[k]));
    else varies.push(moves(node.steps) || (node.kind === 'gather' && varies[node.index]));
  }
  return varies;
};

/** Two where anything is float64. */
export const lanesOf = ({ nodes }: Pick<Kernel, 'nodes'>): 2 | 4 =>
  nodes.some(({ dtype }) => dtype === 'float64') ? 2 : 4;

/** Vectors that one step of the loop computes, given how many values change along it: as many as the registers bear. */
export const vectorsAtOnce = (varying: number): number => (varying <= 10 ? 4 : varying <= 24 ? 2 : 1);

type Loops = Omit<Kernel, 'along'>;

/** What a step along a loop costs per element if vectors lie along it: neighbours are one load, others one each. */
const priceAlong = (kernel: Loops, loop: number, extent: number): number => {
  const lanes = lanesOf(kernel);
  const varies = variesAlong(kernel.nodes, (steps) => steps[loop] !== 0);
  const perVector = kernel.nodes.reduce((sum, node, k) => {
    if (!varies[k] || !('steps' in node)) return sum + 0.5;
    if (node.kind === 'gather') return sum + 2 * lanes;
    return sum + (node.kind === 'count' || node.steps[loop] === 1 ? 1 : 1.5 * lanes);
  }, 0);
  const steps = Math.floor(extent / lanes) + (extent % lanes);
  return (perVector * steps) / extent;
};

/** The loop along which vectors lie; −1: no loop is fit for it. */
export const alongOf = (kernel: Loops, extents: readonly number[]): number => {
  const { loops, kept, steps, scatter, nodes } = kernel;
  if (loops === 0) return -1;
  const last = loops - 1;
  const stores = (loop: number): boolean => loop >= 0 && steps[loop] === 1;
  if (kept === loops) {
    if (scatter && variesAlong(nodes, (own) => own[last] !== 0)[scatter.index]) return -1;
    return stores(last) ? last : -1;
  }
  if (!stores(kept - 1)) return last;
  const along = priceAlong(kernel, kept - 1, extents[kept - 1]);
  return along <= priceAlong(kernel, last, extents[last]) ? kept - 1 : last;
};
