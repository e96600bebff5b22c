/** Flattening trees: order, kinds of leaves, copies, and every refusal with the leaf's path. */

import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DiffopsError } from '../src/errors.ts';
import { float64 } from '../src/float64.ts';
import { NdArray } from '../src/nd-array.ts';
import { flattenTree, type TreeOf, unflattenTree } from '../src/pytree.ts';

const x = (tree: unknown) => flattenTree(tree, { name: 'x', finite: true, differentiated: true });
const data = (tree: unknown) => flattenTree(tree, { name: 'data', finite: true, differentiated: false });

const refusal = (run: () => unknown): DiffopsError => {
  try {
    run();
  } catch (error) {
    if (error instanceof DiffopsError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
};

describe('flattening', () => {
  it('orders objects by key and arrays by index, as ravel_pytree does', () => {
    const flat = x({ b: [1, { z: 2, a: new Float32Array([3, 4]) }], a: new Float64Array([5]), B: 6 });
    expect(flat.leaves.map((leaf) => leaf.path)).toEqual(['x.B', 'x.a', 'x.b[0]', 'x.b[1].a', 'x.b[1].z']);
    expect(flat.leaves.map((leaf) => leaf.offset)).toEqual([0, 1, 2, 3, 5]);
    expect(flat.size).toBe(6);
  });

  it('sorts keys by code points, not by UTF-16 units nor by locale', () => {
    // U+FF5E lies below U+1F600 as a code point but above its first surrogate.
    const flat = x({ '😀': 1, '～': 2, ä: 3, z: 4, Z: 5, '10': 6, '9': 7, '😁': 8 });
    expect(flat.leaves.map((leaf) => leaf.data[0])).toEqual([6, 7, 5, 4, 3, 2, 1, 8]);
  });

  it('reads every kind of leaf', () => {
    const t = tf.tensor2d([[1, 2, 3]]);
    const precise = float64([0.1, 0.2]);
    const flat = x([
      t,
      0.1,
      new Float32Array(2),
      new Float64Array(3),
      new NdArray([1, 2], new Float64Array(2)),
      precise,
    ]);
    expect(flat.leaves.map(({ kind, shape, dtype }) => [kind, shape, dtype])).toEqual([
      ['tensor', [1, 3], 'float32'],
      ['number', [], 'float64'],
      ['float32array', [2], 'float32'],
      ['float64array', [3], 'float64'],
      ['ndarray', [1, 2], 'float64'],
      ['tensor', [2], 'float64'],
    ]);
    expect(flat.leaves[5].data).toEqual(new Float64Array([0.1, 0.2]));
    tf.dispose([t, precise]);
  });

  it('asks for float64 where a leaf does, which a number does not', () => {
    expect(x([1, new Float32Array(1)]).hasFloat64).toBe(false);
    expect(x([1, new Float64Array(1)]).hasFloat64).toBe(true);
    expect(x(new NdArray([], new Float64Array(1))).hasFloat64).toBe(true);
    const t = float64(1);
    expect(x(t).hasFloat64).toBe(true);
    t.dispose();
  });

  it('copies: changing the arrays or disposing the tensors afterwards changes nothing', () => {
    const array = new Float32Array([1, 2]);
    const shared = new Float32Array([3]);
    const tensor = tf.tensor1d(shared);
    const flat = x([array, tensor]);
    array[0] = 9;
    shared[0] = 9;
    tensor.dispose();
    expect(flat.leaves.map((leaf) => [...leaf.data])).toEqual([[1, 2], [3]]);
  });

  it('takes null as an empty tree, and one object at two places', () => {
    const shared = { w: 1 };
    expect(x([null, shared, shared]).size).toBe(2);
    expect(data(null).leaves).toEqual([]);
    expect(data({}).size).toBe(0);
  });

  it('takes plain objects of other realms and without a prototype', () => {
    const bare = Object.assign(Object.create(null), { w: 1 });
    expect(x(bare).size).toBe(1);
  });

  it('takes int32 and bool tensors as data', () => {
    const labels = tf.tensor1d([3, 1], 'int32');
    const mask = tf.tensor1d(new Uint8Array([0, 1, 2]), 'bool');
    const flat = data({ labels, mask });
    expect(flat.leaves.map((leaf) => leaf.data)).toEqual([new Int32Array([3, 1]), new Uint8Array([0, 1, 1])]);
    expect(flat.hasFloat64).toBe(false);
    tf.dispose([labels, mask]);
  });

  it('is undone by unflattening', () => {
    const leaf = fc.float({ noNaN: true, noDefaultInfinity: true });
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof({ maxDepth: 4 }, leaf, fc.constant(null), tie('array'), tie('object')),
      array: fc.array(tie('tree'), { maxLength: 4 }),
      object: fc.dictionary(fc.string(), tie('tree'), { maxKeys: 4 }),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        const flat = data(value);
        const rebuilt = unflattenTree(
          flat.structure,
          flat.leaves.map((l) => l.data[0]),
        );
        expect(rebuilt).toEqual(plain(value as TreeOf<number>));
      }),
    );
  });
});

/** fast-check's dictionaries may have no prototype; results always have one. */
const plain = (tree: TreeOf<number>): TreeOf<number> => {
  if (tree === null || typeof tree === 'number') return tree;
  if (Array.isArray(tree)) return tree.map(plain);
  return Object.fromEntries(Object.entries(tree).map(([k, v]) => [k, plain(v)]));
};

class Layer {
  w = 1;
}

describe('refusals name the leaf', () => {
  const cyclic: Record<string, unknown> = {};
  cyclic.self = [cyclic];
  it.each<[string, () => unknown, string]>([
    ['nothing', () => undefined, 'x is undefined'],
    ['no element', () => ({ a: [], b: null }), 'x has no element'],
    ['a zero-sized leaf alone', () => new Float32Array(0), 'x has no element'],
    ['undefined', () => ({ layers: [{ bias: 1 }, { bias: undefined }] }), 'x.layers[1].bias is undefined'],
    ['a class instance', () => ({ net: new Layer() }), 'x.net is an instance of Layer'],
    ['a Map', () => new Map([['a', 1]]), 'x is an instance of Map'],
    ['a function', () => [() => 1], 'x[0] is a function'],
    ['a string', () => ({ 'my key': 'one' }), 'x["my key"] is the string "one"'],
    ['a boolean', () => ({ a: true }), 'x.a is a boolean (true)'],
    ['a bigint', () => [1n], 'x[0] is a bigint'],
    // biome-ignore lint/suspicious/noSparseArray: the hole is the point
    ['a sparse hole', () => [1, , 2], 'x[1] is a hole'],
    ['a cycle', () => cyclic, 'x.self[0] is part of a cycle'],
    ['a symbol key', () => ({ [Symbol('s')]: 1 }), 'under a symbol'],
    ['an integer array', () => ({ a: new Int32Array(2) }), 'x.a is of type Int32Array'],
    ['NaN', () => ({ a: [1, Number.NaN] }), 'x.a[1] has NaN'],
    ['infinity', () => new Float32Array([1, Number.POSITIVE_INFINITY]), 'x has Infinity at element 1'],
  ])('%s', (_, make, message) => {
    const error = refusal(() => x(make()));
    expect(error.code).toBe('INPUT');
    expect(error.message).toContain(message);
  });

  it.each<[string, () => tf.Tensor, string]>([
    ['an int32 tensor', () => tf.tensor1d([1], 'int32'), 'dtype int32'],
    ['a bool tensor', () => tf.tensor1d([true], 'bool'), 'dtype bool'],
    ['a string tensor', () => tf.tensor1d(['a'], 'string'), 'dtype string'],
    ['a complex tensor', () => tf.complex([1], [2]), 'Pass tf.real(z) and tf.imag(z)'],
  ])('%s', (_, make, message) => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const error = refusal(() => x({ w: [make()] }));
      expect(error.code).toBe('INPUT');
      expect(error.message).toContain('x.w[0]');
      expect(error.message).toContain(message);
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('a disposed tensor', () => {
    const t = tf.scalar(1);
    t.dispose();
    expect(refusal(() => x([t])).message).toContain('x[0] is a disposed tensor');
  });

  it('complex and string data, too', () => {
    tf.tidy(() => {
      expect(refusal(() => data(tf.complex([1], [2]))).message).toContain('int32 or bool');
      expect(refusal(() => data([tf.tensor1d(['a'], 'string')])).message).toContain('data[0]');
    });
  });

  it('lets non-finite values through where they are allowed', () => {
    const flat = flattenTree([Number.NaN], { name: 'x', finite: false, differentiated: true });
    expect(flat.leaves[0].data[0]).toBeNaN();
  });
});
