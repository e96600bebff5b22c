/** Roots → kernels and calls: the nest of each box of a root's loops. */

import { sizeOf } from '../ir/aval.ts';
import type { Atom, Program, Var } from '../ir/program.ts';
import { isVar } from '../ir/program.ts';
import { correspondence } from './alike.ts';
import type { Choice } from './choose.ts';
import { type IndexMap, identityMap, startingAt } from './index-map.ts';
import type { Buffer, Call, Fused, Kernel, Node } from './kernel.ts';
import { KernelTable } from './kernel-table.ts';
import { Nest, type Scene } from './nest.ts';
import type { Root } from './roots.ts';
import { alongOf } from './vector-loop.ts';

interface Piece {
  readonly low: readonly number[];
  readonly extents: readonly number[];
}

/** Boxes that the cuts make, each as the first counters and how many there are. */
const piecesOf = ({ extents, cuts }: Root): Piece[] => {
  let pieces: Piece[] = [{ low: [], extents: [] }];
  for (const [k, extent] of extents.entries()) {
    const bounds = [0, ...[...cuts[k]].sort((a, b) => a - b), extent];
    pieces = pieces.flatMap((piece) =>
      bounds.slice(1).map((high, i) => ({
        low: [...piece.low, bounds[i]],
        extents: [...piece.extents, high - bounds[i]],
      })),
    );
  }
  return pieces;
};

/** Loops of a nest: each is the last of its counters, which go on in step. */
interface Loops {
  readonly lasts: readonly number[];
  readonly extents: readonly number[];
  readonly kept: number;
}

/** Counters that belong into one loop: those after one another, uncut, along which everything goes on in step. */
const loopsOf = (root: Root, extents: readonly number[], indices: readonly IndexMap[]): Loops => {
  const lasts: number[] = [];
  const made: number[] = [];
  let kept = 0;
  for (let k = 0; k < extents.length; k++) {
    if (root.extents[k] === 1) continue;
    const last = lasts.length - 1;
    const before = lasts[last];
    const joins =
      last >= 0 &&
      before < root.kept === k < root.kept &&
      root.cuts[k].length === 0 &&
      indices.every((index) => index[before + 1] === index[k + 1] * extents[k]);
    if (joins) {
      lasts[last] = k;
      made[last] *= extents[k];
    } else {
      lasts.push(k);
      made.push(extents[k]);
      if (k < root.kept) kept++;
    }
  }
  return { lasts, extents: made, kept };
};

/** A call before it is known which variables it is for. */
interface Pattern extends Omit<Call, 'target' | 'sources'> {
  readonly sources: readonly (Var | undefined)[];
}

/** A root whose nests were written out. */
interface Model {
  readonly root: Root;
  readonly patterns: readonly Pattern[];
}

/** So many roots of one shape are tried before a root is written out anew. */
const MODELS = 8;

class Expansion {
  readonly #scene: Scene;
  readonly #models = new Map<string, Model[]>();
  readonly #table = new KernelTable();
  readonly calls: Call[] = [];

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  get kernels(): readonly Kernel[] {
    return this.#table.kernels;
  }

  root(root: Root): void {
    if (root.fill !== undefined) this.#filled(root, root.fill);
    const target = this.#bufferOf(root.atom);
    const key = `${root.equation?.primitive} ${root.extents}`;
    const models = this.#models.get(key) ?? [];
    this.#models.set(key, models);
    for (const { root: other, patterns } of models) {
      const pairs = correspondence(other, root, this.#scene);
      if (!pairs) continue;
      for (const pattern of patterns) this.#call(pattern, target, (v) => pairs.get(v) as Var);
      return;
    }
    const patterns = piecesOf(root).map((piece) => this.#pattern(root, piece));
    for (const pattern of patterns) this.#call(pattern, target, (v) => v);
    models.unshift({ root, patterns });
    if (models.length > MODELS) models.pop();
  }

  #call({ kernel, extents, element, starts, sources }: Pattern, target: number, standsFor: (v: Var) => Var): void {
    const buffers = sources.map((v) => (v ? this.#bufferOf(standsFor(v)) : -1));
    this.calls.push({ kernel, extents, target, element, sources: buffers, starts });
  }

  #bufferOf(atom: Atom): number {
    return this.#scene.buffers.get(atom) as number;
  }

  #filled({ atom }: Root, value: number): void {
    const { shape, dtype } = atom.aval;
    const kernel: Kernel = {
      ending: 'store',
      nodes: [{ kind: 'constant', dtype, value }],
      result: 0,
      kept: 1,
      loops: 1,
      along: 0,
      steps: [1],
    };
    const extents = [sizeOf(shape)];
    const target = this.#bufferOf(atom);
    this.calls.push({ kernel: this.#table.numberOf(kernel), extents, target, element: 0, sources: [], starts: [] });
  }

  #pattern(root: Root, { low, extents }: Piece): Pattern {
    const { equation, atom, maps } = root;
    const nest = new Nest(this.#scene, extents.length);
    let result: number;
    let scatter: Kernel['scatter'];
    if (!equation) result = nest.value(atom, []);
    else if (!maps) result = nest.result(equation, startingAt(identityMap(extents.length), low));
    else {
      const operands = maps.map((map, k) => nest.value(equation.inputs[k], startingAt(map, low)));
      result = operands[0];
      if (equation.primitive === 'dot') result = nest.op('mul', atom.aval.dtype, operands);
      if (equation.primitive === 'scatter_add') {
        const axis = equation.params.axis as number;
        const { shape } = atom.aval;
        scatter = { index: operands[1], scale: sizeOf(shape.slice(axis + 1)), size: shape[axis] };
      }
    }
    const store = startingAt(root.store, low);
    const { lasts, extents: trips, kept } = loopsOf(root, extents, [store, ...nest.starts.map(({ index }) => index)]);
    const stepsOf = (index: IndexMap): number[] => lasts.map((k) => index[k + 1]);
    let start = 0;
    const nodes = nest.nodes.map(
      (node): Node => ('steps' in node ? { ...node, steps: stepsOf(nest.starts[start++].index) } : node),
    );
    const loops = {
      ending: root.ending,
      nodes,
      result,
      kept,
      loops: trips.length,
      steps: stepsOf(store),
      ...(scatter ? { scatter } : {}),
    };
    return {
      kernel: this.#table.numberOf({ ...loops, along: alongOf(loops, trips) }),
      extents: trips,
      element: store[0],
      sources: nest.starts.map(({ from }) => from),
      starts: nest.starts.map(({ index }) => index[0]),
    };
  }
}

/** `constants`: the values of the program's last inputs. */
export const expand = (program: Program, { roots, aliases }: Choice, constants: readonly number[]): Fused => {
  const places = new Map<Atom, number>();
  const buffers: Buffer[] = [];
  const place = (atom: Atom): void => {
    places.set(atom, buffers.push({ dtype: atom.aval.dtype, size: sizeOf(atom.aval.shape) }) - 1);
  };
  for (const v of program.inputs) place(v);
  for (const { atom } of roots) place(atom);
  const placeOf = (atom: Atom): number | undefined => {
    const known = places.get(atom);
    if (known !== undefined || !isVar(atom)) return known;
    const source = aliases.get(atom);
    const found = source && placeOf(source);
    if (found !== undefined) places.set(atom, found);
    return found;
  };
  for (const atom of aliases.keys()) placeOf(atom);
  const scene = { buffers: places, makers: new Map(program.equations.map((e) => [e.output, e])) };
  const expansion = new Expansion(scene);
  for (const root of roots) expansion.root(root);
  const outputs = program.outputs.map((atom) => (sizeOf(atom.aval.shape) === 0 ? undefined : places.get(atom)));
  return { kernels: expansion.kernels, calls: expansion.calls, buffers, constants, outputs };
};
