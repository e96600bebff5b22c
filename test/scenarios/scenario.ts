/** A scenario: a function in tfjs together with the point, the data and the derivative that JAX gave for its twin. */

import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { float64, hessian, jacobian, type Matrix, type Report } from '../../src/index.ts';

export type Precision = 'float32' | 'float64';

/** An array as the fixture files hold it. */
export interface FixtureArray {
  readonly shape: readonly number[];
  readonly dtype: 'float' | 'int32';
  readonly data: readonly number[];
}
export type FixtureTree = FixtureArray | readonly FixtureTree[] | { readonly [key: string]: FixtureTree };

interface Fixture {
  readonly kind: 'hessian' | 'jacobian';
  readonly x: FixtureTree;
  readonly data?: FixtureTree;
  readonly value: FixtureArray;
  readonly derivative: FixtureArray;
  readonly blocks?: readonly FixtureArray[];
}

export type Leaf = tf.Tensor | number;
export type Tree = Leaf | Tree[] | { [key: string]: Tree };
// biome-ignore lint/suspicious/noExplicitAny: each scenario has trees of its own
export type TensorFunction = (x: any, data: any) => tf.Tensor;

export interface Scenario {
  readonly name: string;
  readonly kind: 'hessian' | 'jacobian';
  readonly f: TensorFunction;
  /** The number of parameters. */
  readonly n: number;
  x(precision: Precision): Tree;
  data(precision: Precision): Tree | undefined;
  readonly value: FixtureArray;
  readonly derivative: FixtureArray;
  /** zodiax's blocks of the Hessian, row by row, where the fixture has them. */
  readonly blocks: readonly FixtureArray[] | undefined;
}

const isLeaf = (tree: FixtureTree): tree is FixtureArray => 'shape' in tree && 'dtype' in tree;

const sizeOf = (tree: FixtureTree): number =>
  isLeaf(tree)
    ? tree.data.length
    : (Object.values(tree) as FixtureTree[]).reduce((total: number, child) => total + sizeOf(child), 0);

const load = (tree: FixtureTree, leaf: (array: FixtureArray) => Leaf): Tree => {
  if (isLeaf(tree)) return leaf(tree);
  if (Array.isArray(tree)) return tree.map((child) => load(child, leaf));
  return Object.fromEntries(Object.entries(tree).map(([key, child]) => [key, load(child, leaf)]));
};

/** The tree as it is given to diffops: scalars of `x` as numbers, the rest as tensors. */
const toTensor = (array: FixtureArray, precision: Precision): tf.Tensor => {
  const shape = [...array.shape];
  if (array.dtype === 'int32') return tf.tensor([...array.data], shape, 'int32');
  return precision === 'float64' ? float64([...array.data], shape) : tf.tensor([...array.data], shape, 'float32');
};

/** Declares scenarios of one fixture file: `hessian('mlp', f)` is the problem named `mlp` in it. */
export const family = (file: string) => {
  const fixtures: Record<string, Fixture> = JSON.parse(
    readFileSync(new URL(`../fixtures/${file}.json`, import.meta.url), 'utf8'),
  );
  const scenarios: Scenario[] = [];
  const declare = (kind: 'hessian' | 'jacobian', name: string, f: TensorFunction): void => {
    const fixture = fixtures[name];
    if (fixture?.kind !== kind) throw new Error(`${file}.json has no ${kind} named ${name}; run generate.py`);
    scenarios.push({
      name,
      kind,
      f,
      n: sizeOf(fixture.x),
      x: (precision) => load(fixture.x, (a) => (a.shape.length === 0 ? a.data[0] : toTensor(a, precision))),
      data: (precision) => fixture.data && load(fixture.data, (a) => toTensor(a, precision)),
      value: fixture.value,
      derivative: fixture.derivative,
      blocks: fixture.blocks,
    });
  };
  return {
    scenarios,
    /** The problems in the file that no scenario has been declared for. */
    missing: () => Object.keys(fixtures).filter((name) => !scenarios.some((s) => s.name === name)),
    hessian: <X, D = undefined>(name: string, f: (x: X, data: D) => tf.Tensor) => declare('hessian', name, f),
    jacobian: <X, D = undefined>(name: string, f: (x: X, data: D) => tf.Tensor) => declare('jacobian', name, f),
  };
};

interface Calls {
  readonly hessian: typeof hessian;
  readonly jacobian: typeof jacobian;
}

/** The scenario's matrix as diffops computes it, on a runtime of the caller's or the default one. */
export const derivativeOf = async (
  { kind, f, x, data }: Scenario,
  precision: Precision,
  options: object = {},
  calls: Calls = { hessian, jacobian },
): Promise<{ matrix: Matrix; report: Report }> => {
  // The functions of the table have types of their own, which a table can't keep: `never` fits all of them.
  const given = { ...options, precision, data: data(precision) ?? null } as never;
  if (kind === 'hessian') {
    const { H, report } = await calls.hessian(f as never, x(precision) as never, given);
    return { matrix: H, report };
  }
  const { J, report } = await calls.jacobian(f as never, x(precision) as never, given);
  return { matrix: J as Matrix, report };
};
