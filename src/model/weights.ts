/** The weights of a model as a tree named like its layers. */

import { malformed } from '../ir/builder.ts';
import { type Structure, type TreeOf, walkTree } from '../pytree.ts';
import type { Layer, LayerVariable } from './layer.ts';

/** One weight in a tree: of a class, so that a tree's walk takes it for a leaf. */
export class Slot<W> {
  readonly weight: W;

  constructor(weight: W) {
    this.weight = weight;
  }
}

type Slots = TreeOf<Slot<LayerVariable>>;
type Named = [name: string, tree: Slots];

const lastName = ({ originalName, name }: LayerVariable): string => (originalName ?? name).split('/').pop() || 'weight';

/** An object of named trees; a name that is taken goes on with `_1`, `_2`, …. */
const objectOf = (named: readonly Named[]): { readonly [name: string]: Slots } => {
  const entries = new Map<string, Slots>();
  for (const [name, tree] of named) {
    let key = name;
    for (let i = 1; entries.has(key); i++) key = `${name}_${i}`;
    entries.set(key, tree);
  }
  return Object.fromEntries(entries);
};

/** All weights of a model, each once, where the layer that has it comes first. */
export const slotsOf = (model: Layer): Slots => {
  const seen = new Set<LayerVariable>();
  const own = (variables: readonly LayerVariable[] = []): Named[] =>
    variables
      .filter((variable) => !seen.has(variable) && seen.add(variable))
      .map((variable) => [lastName(variable), new Slot(variable)]);
  const inside = (layer: Layer): Named[] => {
    if (layer.layers) return layer.layers.map((child) => [child.name, objectOf(namedIn(child))]);
    if (layer.forwardLayer && layer.backwardLayer) {
      return [
        ['forward', objectOf(namedIn(layer.forwardLayer))],
        ['backward', objectOf(namedIn(layer.backwardLayer))],
      ];
    }
    if (layer.cells) return [['cells', layer.cells.map((cell) => objectOf(namedIn(cell)))]];
    const wrapped = layer.layer ?? layer.cell;
    return wrapped ? namedIn(wrapped) : [];
  };
  const namedIn = (layer: Layer): Named[] => [
    ...inside(layer),
    ...own(layer._trainableWeights),
    ...own(layer._nonTrainableWeights),
    // Those of layers that a layer of the user's own is made of.
    ...own(layer.weights),
  ];
  return objectOf(namedIn(model));
};

/**
 * The tree of those leaves that `change` gives a value for; objects and arrays without any are left out, but within an
 * array each keeps its place.
 */
export const picked = <T>(tree: Slots, change: (weight: LayerVariable) => T | undefined): TreeOf<T> | undefined => {
  if (tree === null) return undefined;
  if (tree instanceof Slot) return change(tree.weight);
  if (Array.isArray(tree)) {
    const items = tree.map((item) => picked(item, change));
    return items.some((item) => item !== undefined) ? items.map((item) => item ?? {}) : undefined;
  }
  const entries: [string, TreeOf<T>][] = [];
  for (const [name, child] of Object.entries(tree)) {
    const value = picked(child, change);
    if (value !== undefined) entries.push([name, value]);
  }
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
};

interface FlatSlots<W> {
  readonly weights: readonly W[];
  /** `params.dense.kernel`, … */
  readonly paths: readonly string[];
  readonly structure: Structure;
}

/** The weights in the order of a tree's leaves. */
export const flattened = <W>(tree: TreeOf<Slot<W>>, root: string): FlatSlots<W> => {
  const paths: string[] = [];
  const { leaves, structure } = walkTree(tree, root, {
    isLeaf: (value) => value instanceof Slot,
    leaf: (value, path) => {
      paths.push(path);
      return (value as Slot<W>).weight;
    },
    refuse: (path, what) => malformed(`${path} is ${what}, not a weight`),
  });
  return { weights: leaves, paths, structure };
};
