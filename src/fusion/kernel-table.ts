/** The kernels of a program, each once: nests that differ in extents and places alone are one kernel. */

import type { Kernel, Node } from './kernel.ts';

const mixed = (hash: number, value: number): number => {
  const h = Math.imul(hash ^ value, 0x9e3779b1);
  return h ^ (h >>> 15);
};

const hashOfSteps = (hash: number, steps: readonly number[]): number => {
  let h = hash;
  for (let k = 0; k < steps.length; k++) h = mixed(h, steps[k]);
  return h;
};

const hashOfNode = (hash: number, node: Node): number => {
  const h = mixed(hash, node.kind.charCodeAt(1) + 256 * node.dtype.length);
  if (node.kind === 'constant') return mixed(h, (node.value * 4096) | 0);
  if (node.kind === 'op') return hashOfSteps(mixed(h, node.op.charCodeAt(0)), node.operands);
  return hashOfSteps(h, node.steps);
};

const hashOf = ({ nodes, steps, result }: Kernel): number => {
  let h = hashOfSteps(mixed(nodes.length, result), steps);
  for (let k = 0; k < nodes.length; k++) h = hashOfNode(h, nodes[k]);
  return h;
};

const sameNumbers = (a: readonly number[], b: readonly number[]): boolean => {
  for (let k = 0; k < a.length; k++) if (a[k] !== b[k]) return false;
  return a.length === b.length;
};

const sameNode = (a: Node, b: Node): boolean => {
  if (a.dtype !== b.dtype) return false;
  if (a.kind === 'constant') return b.kind === 'constant' && Object.is(a.value, b.value);
  if (a.kind === 'op') return b.kind === 'op' && a.op === b.op && sameNumbers(a.operands, b.operands);
  if (a.kind !== b.kind || !sameNumbers(a.steps, b.steps)) return false;
  return (
    a.kind !== 'gather' || (b.kind === 'gather' && a.index === b.index && a.scale === b.scale && a.size === b.size)
  );
};

const sameKernel = (a: Kernel, b: Kernel): boolean => {
  const { scatter: p } = a;
  const { scatter: q } = b;
  if (a.ending !== b.ending || a.result !== b.result || a.kept !== b.kept || a.along !== b.along) return false;
  if (a.nodes.length !== b.nodes.length || a.loops !== b.loops || !sameNumbers(a.steps, b.steps)) return false;
  if (p?.index !== q?.index || p?.scale !== q?.scale || p?.size !== q?.size) return false;
  for (let k = 0; k < a.nodes.length; k++) if (!sameNode(a.nodes[k], b.nodes[k])) return false;
  return true;
};

export class KernelTable {
  readonly kernels: Kernel[] = [];
  readonly #numbers = new Map<number, number[]>();

  /** The number of an equal kernel. */
  numberOf(kernel: Kernel): number {
    const hash = hashOf(kernel);
    const alike = this.#numbers.get(hash);
    if (alike) for (const number of alike) if (sameKernel(this.kernels[number], kernel)) return number;
    const number = this.kernels.push(kernel) - 1;
    if (alike) alike.push(number);
    else this.#numbers.set(hash, [number]);
    return number;
  }
}
