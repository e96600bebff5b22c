/** Trees of arrays: what `x`, `data` and results are made of, and how they become one flat list of leaves and back. */

import type * as tf from '@tensorflow/tfjs-core';
import { DiffopsError } from './errors.ts';
import { isLeafLike, type LeafInfo, type LeafRules, readLeaf } from './leaf.ts';
import type { NdArray } from './nd-array.ts';

/** `number` is a scalar, a typed array a vector. */
export type Leaf = tf.Tensor | number | Float32Array | Float64Array | NdArray;

/** Arrays and plain objects of leaves, nested at will; `null` is an empty tree. */
export type TreeOf<T> = T | null | readonly TreeOf<T>[] | { readonly [key: string]: TreeOf<T> };
export type Tree = TreeOf<Leaf>;

/** A tree's containers, with leaves by number in flattening order. */
export type Structure =
  | { readonly kind: 'leaf'; readonly index: number }
  | { readonly kind: 'null' }
  | { readonly kind: 'array'; readonly items: readonly Structure[] }
  | { readonly kind: 'object'; readonly keys: readonly string[]; readonly items: readonly Structure[] };

/** A tree flattened: its leaves in the order of JAX's `ravel_pytree`, and what is needed to build it again. */
export interface Flat {
  readonly leaves: readonly LeafInfo[];
  readonly structure: Structure;
  /** Elements of all leaves together. */
  readonly size: number;
  /** Whether a leaf asks for float64: a Float64Array, a float64 NdArray or a tensor made by `float64`. */
  readonly hasFloat64: boolean;
}

/** Below zero where a comes first, by Unicode code points: the same order in every locale, and as in Python. */
const byCodePoints = (a: string, b: string): number => {
  let i = 0;
  while (i < a.length && i < b.length && a[i] === b[i]) i++;
  if (i === a.length || i === b.length) return a.length - b.length;
  // A difference in the second half of a surrogate pair is one between code points that start before it.
  const start = i > 0 && /[\uD800-\uDBFF]/.test(a[i - 1]) ? i - 1 : i;
  return (a.codePointAt(start) as number) - (b.codePointAt(start) as number);
};

const isIdentifier = (key: string): boolean => /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key);

const pathOf = (parent: string, key: string): string =>
  isIdentifier(key) ? `${parent}.${key}` : `${parent}[${JSON.stringify(key)}]`;

/** A plain object's prototype is null or the root of a realm: what comes from another realm is plain too. */
const isPlainObject = (value: object): boolean => {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
};

export interface Visitor<T> {
  /** Whether a value that isn't null, an array or a plain object may be a leaf at all. */
  isLeaf(value: unknown): boolean;
  leaf(value: unknown, path: string): T;
  /** The error for something that is no tree; `what` completes the sentence "`path` is …". */
  refuse(path: string, what: string): DiffopsError;
}

/** Walks a tree in flattening order; every refusal names the place by its path from `root`. */
export const walkTree = <T>(
  tree: unknown,
  root: string,
  visitor: Visitor<T>,
): { leaves: T[]; structure: Structure } => {
  const leaves: T[] = [];
  const ancestors = new Set<object>();
  const walk = (value: unknown, path: string): Structure => {
    if (value === null) return { kind: 'null' };
    if (visitor.isLeaf(value)) {
      leaves.push(visitor.leaf(value, path));
      return { kind: 'leaf', index: leaves.length - 1 };
    }
    if (typeof value !== 'object') throw visitor.refuse(path, describe(value));
    if (ancestors.has(value)) throw visitor.refuse(path, 'part of a cycle');
    ancestors.add(value);
    const structure = Array.isArray(value) ? walkArray(value, path) : walkObject(value, path);
    ancestors.delete(value);
    return structure;
  };
  const walkArray = (values: readonly unknown[], path: string): Structure => {
    const items: Structure[] = [];
    for (let i = 0; i < values.length; i++) {
      if (!(i in values)) throw visitor.refuse(`${path}[${i}]`, 'a hole in a sparse array');
      items.push(walk(values[i], `${path}[${i}]`));
    }
    return { kind: 'array', items };
  };
  const walkObject = (value: object, path: string): Structure => {
    if (!isPlainObject(value)) throw visitor.refuse(path, describe(value));
    const symbol = Object.getOwnPropertySymbols(value)[0];
    if (symbol !== undefined) throw visitor.refuse(`${path}[${String(symbol)}]`, 'under a symbol, which has no order');
    const keys = Object.keys(value).sort(byCodePoints);
    const items = keys.map((key) => walk((value as Record<string, unknown>)[key], pathOf(path, key)));
    return { kind: 'object', keys, items };
  };
  const structure = walk(tree, root);
  return { leaves, structure };
};

/** What a value is, for a message: `undefined`, `a function`, `an instance of Dense`. */
export const describe = (value: unknown): string => {
  if (value === undefined || value === null) return String(value);
  if (typeof value === 'object')
    return `an instance of ${(value.constructor as { name?: string } | undefined)?.name || 'a class'}`;
  if (typeof value === 'string')
    return `the string ${JSON.stringify(value.length > 20 ? `${value.slice(0, 20)}…` : value)}`;
  return `a ${typeof value}${typeof value === 'boolean' ? ` (${value})` : ''}`;
};

/**
 * Flattens `x` or `data`. Leaves are copied. Throws INPUT, naming the leaf by its path, for everything that is no
 * tree of leaves; where `differentiated` also for int32 and bool leaves; and for an `x` without any element.
 */
export const flattenTree = (
  tree: unknown,
  options: { readonly name: 'x' | 'data' | 'v' | 'u' } & Omit<LeafRules, 'offset'>,
): Flat => {
  const { name } = options;
  let size = 0;
  const { leaves, structure } = walkTree<LeafInfo>(tree, name, {
    isLeaf: isLeafLike,
    leaf: (value, path) => {
      const leaf = readLeaf(value, path, { ...options, offset: size });
      size += leaf.size;
      return leaf;
    },
    refuse: (path, what) =>
      new DiffopsError(
        'INPUT',
        `${path} is ${what}; ${name} must be a tensor, a number, a Float32Array, a Float64Array or an NdArray, or arrays and plain objects of these.`,
        { path },
      ),
  });
  if (name === 'x' && size === 0) {
    throw new DiffopsError(
      'INPUT',
      `${name} has no element: there is nothing to differentiate by. Give it at least one number.`,
      { path: name, size },
    );
  }
  const hasFloat64 = leaves.some((leaf) => leaf.kind !== 'number' && leaf.dtype === 'float64');
  return { leaves, structure, size, hasFloat64 };
};

/** The tree of a structure with leaf i replaced by `leaves[i]`. */
export const unflattenTree = <T>(structure: Structure, leaves: readonly T[]): TreeOf<T> => {
  switch (structure.kind) {
    case 'leaf':
      return leaves[structure.index];
    case 'null':
      return null;
    case 'array':
      return structure.items.map((item) => unflattenTree(item, leaves));
    case 'object':
      // fromEntries defines its keys, where an assignment to `__proto__` would not.
      return Object.fromEntries(structure.keys.map((key, i) => [key, unflattenTree(structure.items[i], leaves)]));
  }
};
