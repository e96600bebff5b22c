/** What a recorded function is: its program, its constants, its outputs, in both precisions. */

import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { float64 } from '../../src/float64.ts';
import { NdArray } from '../../src/nd-array.ts';
import { record } from '../../src/trace/record.ts';
import { evaluated, flatData, flatX, printed, type T } from './recording.ts';

beforeAll(() => tf.setBackend('cpu'));
beforeEach(() => tf.engine().startScope());
afterEach(() => tf.engine().endScope());

const vector = new Float32Array([1, 2, 3]);

describe('a program', () => {
  it('has the op that the user called beside each equation', () => {
    expect(printed((x: T) => tf.sum(tf.logSumExp(x).mul(x)), vector)).toMatchInlineSnapshot(`
      "{ a:f32[3] ->
        b:f32[] = reduce_max a axes=[0]  # logSumExp
        c:f32[] = round b  # logSumExp
        d:f32[3] = broadcast c shape=[3] axes=[]  # logSumExp
        e:f32[3] = sub a d  # logSumExp
        f:f32[3] = exp e  # logSumExp
        g:f32[] = reduce_sum f axes=[0]  # logSumExp
        h:f32[] = log g  # logSumExp
        i:f32[] = add c h  # logSumExp
        j:f32[3] = broadcast i shape=[3] axes=[]  # mul
        k:f32[3] = mul j a  # mul
        l:f32[] = reduce_sum k axes=[0]  # sum
        out l }"
    `);
  });

  it('takes the leaves of x, those of data, then captured constants', () => {
    const c = tf.tensor1d([4, 5, 6]);
    const f = ({ b, a }: { b: T; a: T }, [d]: T[]) => a.mul(c).add(b).sub(d);
    expect(printed(f, { b: 1, a: vector }, { data: [new Float32Array(3)] })).toMatchInlineSnapshot(`
      "{ a:f32[3] b:f32[] c:f32[3] d:f32[3] ->
        e:f32[3] = mul a d  # mul
        f:f32[3] = broadcast b shape=[3] axes=[]  # add
        g:f32[3] = add e f  # add
        h:f32[3] = sub g c  # sub
        out h }"
    `);
  });

  it('calls f with the trees it was given, leaves as tensors', () => {
    const x = { n: 1, list: [vector, null, new NdArray([1, 2], new Float64Array(2))], t: tf.ones([2, 2]) };
    record(
      (...[tree, data]: [typeof x, { label: T }]) => {
        const { n, list, t } = tree as unknown as { n: T; list: T[]; t: T };
        expect([n.shape, list[0].shape, list[1], list[2].shape, t.shape]).toEqual([[], [3], null, [1, 2], [2, 2]]);
        expect([n, list[0], list[2], t].map((leaf) => leaf.dtype)).toEqual(Array(4).fill('float32'));
        expect([data.label.shape, data.label.dtype]).toEqual([[2], 'int32']);
        return n;
      },
      flatX(x),
      flatData({ label: tf.tensor1d([1, 0], 'int32') }),
      'float64',
    );
  });

  it('is not computed where it does not depend on x or data', () => {
    expect(printed((x: T) => x.mul(tf.exp(tf.scalar(0)).add(1)), 3)).toMatchInlineSnapshot(`
      "{ a:f32[] ->
        b:f32[] = mul a 2  # mul
        out b }"
    `);
  });

  it('gives the numbers of eager f', () => {
    const f = (x: T) => tf.tidy(() => tf.concat([tf.softmax(x), tf.cumsum(x).tanh(), tf.stack([x.max(), x.min()])]));
    const eager = f(tf.tensor1d(vector)).dataSync();
    const [recorded] = evaluated(f, vector);
    for (const [i, value] of eager.entries()) expect(recorded[i]).toBeCloseTo(value, 6);
  });
});

describe('outputs', () => {
  it('have the structure of what f returned', () => {
    const { outputs, program } = record(
      (x: T) => ({ b: [x.sum(), null], a: x.reshape([3, 1]) }),
      flatX(vector),
      undefined,
      'float32',
    );
    expect(outputs.paths).toEqual(['f(x).a', 'f(x).b[0]']);
    expect(outputs.shapes).toEqual([[3, 1], []]);
    expect(program.outputs).toHaveLength(2);
  });

  it('need not depend on x', () => {
    expect(evaluated(() => tf.tensor1d([5, 6]), 1)).toEqual([[5, 6]]);
    expect(evaluated(() => tf.scalar(7), 1)).toEqual([[7]]);
    expect(evaluated((x: T) => x, 8)).toEqual([[8]]);
  });
});

describe('constants', () => {
  it('are copied when they are captured', () => {
    const values = new Float32Array([1, 2]);
    const c = tf.tensor1d(values);
    const { constants } = record((x: T) => x.mul(c), flatX(1), undefined, 'float32');
    values[0] = 9;
    c.dispose();
    expect(constants).toEqual([{ shape: [2], dtype: 'float32', data: new Float32Array([1, 2]) }]);
  });

  it('are literals where they are uniform, whatever their shape', () => {
    expect(
      printed(
        (x: T) =>
          x
            .mul(tf.ones([3]))
            .add(tf.fill([3], 2))
            .add(0.5),
        vector,
      ),
    ).toMatchInlineSnapshot(`
      "{ a:f32[3] ->
        b:f32[3] = add a 2  # add
        c:f32[3] = add b 0.5  # add
        out c }"
    `);
  });

  it('are captured once, by data, dtype and shape', () => {
    const c = tf.tensor1d([1, 2, 3, 4]);
    const f = (x: T) => [x.mul(c), x.add(c), x.mul(c.reshape([2, 2]))];
    expect(record(f, flatX(1), undefined, 'float32').constants.map((v) => v.shape)).toEqual([[4], [2, 2]]);
  });

  it('are shared where small ones are equal', () => {
    const f = (x: T) => x.mul(tf.tensor1d([1, 2])).add(tf.tensor1d([1, 2]));
    expect(record(f, flatX(1), undefined, 'float32').constants).toHaveLength(1);
  });

  it('that no output needs are left out', () => {
    const f = (x: T) => {
      x.mul(tf.tensor1d([1, 2]));
      return x.mul(2);
    };
    expect(record(f, flatX(1), undefined, 'float32').constants).toEqual([]);
  });

  it('keep their dtype, and bytes become 0 or 1', () => {
    const index = tf.tensor1d([2, 0], 'int32');
    const mask = tf.tensor1d(new Uint8Array([0, 7, 1]), 'bool');
    const { constants } = record((x: T) => tf.where(mask, x, 0).gather(index), flatX(vector), undefined, 'float64');
    expect(constants.map((v) => v.data)).toEqual([new Uint8Array([0, 1, 1]), new Int32Array([2, 0])]);
  });

  it('survive f disposing them, and its arguments', () => {
    const x = tf.tensor1d([1, 2]);
    const f = (t: T) => {
      const c = tf.tensor1d([3, 4]);
      const y = t.mul(c);
      tf.dispose([c, t]);
      return y.add(t);
    };
    expect(evaluated(f, x)).toEqual([[4, 10]]);
    expect(x.isDisposed).toBe(false);
  });
});

describe('float64', () => {
  it('is the dtype of everything that tfjs calls float32', () => {
    expect(
      printed(
        (x: T) =>
          x
            .mul(tf.tensor1d([1, 2]))
            .toFloat()
            .sum(),
        0.1,
        { precision: 'float64' },
      ),
    ).toMatchInlineSnapshot(`
      "{ a:f64[] b:f64[2] ->
        c:f64[2] = broadcast a shape=[2] axes=[]  # mul
        d:f64[2] = mul c b  # mul
        e:f64[] = reduce_sum d axes=[0]  # sum
        out e }"
    `);
  });

  it('keeps float32 constants as they are, and the values of float64 constants', () => {
    const c = float64([0.1, 0.2]);
    const at = { precision: 'float64' } as const;
    expect(evaluated((x: T) => x.mul(tf.tensor1d([0.1, 0.2])), 1, at)).toEqual([[Math.fround(0.1), Math.fround(0.2)]]);
    expect(evaluated((x: T) => x.mul(c), 1, at)).toEqual([[0.1, 0.2]]);
    expect(evaluated((x: T) => x.mul(c), 1)).toEqual([[Math.fround(0.1), Math.fround(0.2)]]);
  });

  it('loses nothing in what is made of float64 constants', () => {
    const f = (x: T) => {
      const half = float64(0.1).mul(2).reshape([1]);
      return x.mul(half);
    };
    expect(evaluated(f, 1, { precision: 'float64' })).toEqual([[0.2]]);
  });

  it('lets f read what is made of constants alone', () => {
    const f = (x: T) => x.mul(float64([0.5, 0.25]).mul(2).dataSync()[1] + tf.zerosLike(x).dataSync()[0]);
    expect(evaluated(f, 3, { precision: 'float64' })).toEqual([[1.5]]);
  });
});
