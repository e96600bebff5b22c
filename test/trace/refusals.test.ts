/** What f must not do: each refusal by its code and by what it names; after each, recording works again. */

import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RecordedFunction } from '../../src/trace/record.ts';
import { evaluated, refusal, type T } from './recording.ts';

let before: tf.MemoryInfo;

beforeAll(() => tf.setBackend('cpu'));
beforeEach(() => {
  before = { ...tf.memory() };
});
afterEach(() => {
  const { numTensors, numDataBuffers, numBytes } = tf.memory();
  expect({ numTensors, numDataBuffers, numBytes }).toEqual({
    numTensors: before.numTensors,
    numDataBuffers: before.numDataBuffers,
    numBytes: before.numBytes,
  });
  expect(evaluated((x: T) => tf.grad((t: T) => t.mul(t).sum())(x), new Float32Array([1, 2]))).toEqual([[2, 4]]);
});

const vector = new Float32Array([1, 2]);

describe('values that are not there', () => {
  it.each<[string, (y: T) => unknown]>([
    ['dataSync', (y) => y.dataSync()],
    ['arraySync', (y) => y.arraySync()],
    ['bufferSync', (y) => y.bufferSync()],
    ['print', (y) => y.print()],
    ['print', (y) => tf.print(y)],
    ['toString', (y) => y.toString()],
    ['toString', (y) => `${y}`],
    ['toString', (y) => (y as never) > 0],
    ['toString', (y) => (y as never) + 1],
    ['toString', (y) => Number(y)],
    ['toString', (y) => Float32Array.of(y as never)],
    ['toString', (y) => tf.buffer([1]).set(y as never, 0)],
    ['data', (y) => y.data()],
    ['array', (y) => y.array()],
    ['buffer', (y) => y.buffer()],
    ['bytes', (y) => y.bytes()],
    ['whereAsync', (y) => tf.whereAsync(y.greater(0))],
    ['booleanMaskAsync', (y) => tf.booleanMaskAsync(y, y.greater(0))],
  ])('%s: %o', (operation, read) => {
    const error = refusal((x: T) => {
      read(x.mul(2));
      return x;
    }, vector);
    expect(error.code).toBe('CONCRETIZATION');
    expect(error.fields).toEqual({ operation, dependsOn: 'x' });
    expect(error.message).toContain(operation);
    expect(error.message).toMatch(/depend on x.*tf\.where.*tf\.stack/s);
  });

  it('are of x, too, where a gradient that a customGrad is given is read', () => {
    const half = tf.customGrad((y) => ({
      value: (y as T).mul(0.5),
      gradFunc: (dy: T) => dy.mul(0.5).add(dy.dataSync()[0]) as T,
    }));
    const error = refusal((x: T) => (half as (y: T) => T)(x).sum(), vector);
    expect(error.fields).toEqual({ operation: 'dataSync', dependsOn: 'x' });
  });

  it('says so where they depend on data alone', () => {
    const error = refusal((x: T, d: T) => x.mul(d.add(1).dataSync()[0]), 1, { data: 2 });
    expect(error.fields).toEqual({ operation: 'dataSync', dependsOn: 'data' });
  });

  it.each<[string, (x: T) => unknown]>([
    ['tf.tensor of tensors', (x) => tf.tensor([x, x] as never)],
    ['tf.tensor1d of a tensor and a number', (x) => tf.tensor1d([x, 1] as never)],
    ['an op on an array of tensors', (x) => tf.sum([x, x] as never)],
  ])('%s', (_, make) => {
    const error = refusal((x: T) => {
      make(x);
      return x;
    });
    expect(error.code).toBe('CONCRETIZATION');
    expect(error.message).toContain('tf.stack([a, b])');
  });

  it('an async f that awaits one', () => {
    const error = refusal(async (x: T) => x.mul((await x.data())[0]));
    expect(error.code).toBe('CONCRETIZATION');
  });

  it('an op on one backend given a traced tensor behind the recorder', () => {
    const error = refusal((x: T) => tf.tensor1d([...tf.backend().readSync(x.dataId)] as number[]), vector);
    expect(error.code).toBe('CONCRETIZATION');
  });
});

describe('what f returns', () => {
  it.each<[string, RecordedFunction, string]>([
    ['nothing', () => undefined, 'f returned nothing (undefined)'],
    ['null', () => null, 'f returned nothing (null)'],
    ['a number', () => 1, 'f returned a number'],
    ['a string', () => 'loss', 'f returned the string "loss"'],
    ['a function', () => () => 1, 'f returned a function'],
    ['a typed array', () => new Float32Array(2), 'f returned an instance of Float32Array'],
    ['a promise', async (x: T) => x, 'f returned a promise'],
    ['a promise that rejects', async () => Promise.reject(new Error('later')), 'f returned a promise'],
    ['an empty tree', () => ({ a: [null] }), 'a tree without any tensor'],
    ['a number in a tree', (x: T) => ({ loss: x, n: [1] }), 'a number at f(x).n[0]'],
    ['an int32 tensor', (x: T) => tf.argMax(x), 'dtype int32 at f(x)'],
    ['a bool tensor', (x: T) => ({ a: x.greater(0) }), 'dtype bool at f(x).a'],
  ])('%s', (_, f, message) => {
    const error = refusal(f, vector);
    expect(error.code).toBe('FUNCTION');
    expect(error.message).toContain(message);
  });

  it('nothing at all, where f is no function', () => {
    expect(refusal(undefined as never).message).toContain('f is undefined');
  });
});

describe('what f throws', () => {
  it('is the cause', () => {
    const thrown = new TypeError('my own');
    const error = refusal(() => {
      throw thrown;
    });
    expect([error.code, error.cause]).toEqual(['FUNCTION', thrown]);
    expect(error.message).toBe('f threw while it was recorded: my own');
  });

  it('inside of tidy, of an op and of a gradient leaves nothing behind', () => {
    const fail = (): never => {
      throw new Error('within');
    };
    const nested = (x: T) =>
      tf.tidy(() => {
        tf.keep(x.mul(3));
        const c = tf.tensor1d([1, 2]);
        return tf.grad((t: T) => {
          tf.exp(t).mul(c).mul(c);
          return tf.softmax(t, fail());
        })(x);
      });
    expect(refusal(nested, vector).message).toContain('within');
  });

  it('says which op could not be, with the error of tfjs as cause', () => {
    const error = refusal((x: T) => x.add(tf.ones([3])), vector);
    expect(error.code).toBe('FUNCTION');
    expect(error.message).toContain('tf.add');
    expect(error.cause).toBeInstanceOf(Error);
  });

  it('where it uses a disposed constant', () => {
    const c = tf.tensor1d([1, 2]);
    c.dispose();
    const error = refusal((x: T) => tf.mul(x, c), vector);
    expect(error.code).toBe('FUNCTION');
    expect(error.message).toContain('disposed tensor: input b of tf.mul');
  });
});

describe('variables', () => {
  it('must not be assigned, and keep their value', () => {
    const v = tf.tidy(() => tf.variable(tf.tensor1d([7, 8]), true, 'state'));
    const error = refusal((x: T) => {
      v.assign(x as tf.Tensor1D);
      return x.mul(v);
    }, vector);
    expect(error.code).toBe('VARIABLE_ASSIGN');
    expect(error.message).toContain("'state'");
    expect([...v.dataSync()]).toEqual([7, 8]);
    expect(evaluated((x: T) => x.mul(v), vector)).toEqual([[7, 16]]);
    v.dispose();
  });

  it('must not be assigned constants either, nor by an optimizer', () => {
    const v = tf.tidy(() => tf.variable(tf.scalar(7)));
    const optimizer = tf.train.sgd(0.1);
    expect(refusal(() => v.assign(tf.scalar(1))).code).toBe('VARIABLE_ASSIGN');
    expect(refusal((x: T) => optimizer.minimize(() => v.mul(x) as tf.Scalar, true) as T, 1).code).toBe(
      'VARIABLE_ASSIGN',
    );
    expect(v.dataSync()[0]).toBe(7);
    v.dispose();
    optimizer.dispose();
  });

  it('made of a traced tensor inside of f are gone afterwards', () => {
    const registered = () =>
      Object.keys((tf.engine() as unknown as { registeredVariables: object }).registeredVariables);
    const names = registered();
    const f = (x: T) => tf.variable(x.mul(2)).mul(3);
    expect(evaluated(f, 1)).toEqual([[6]]);
    expect(registered()).toEqual(names);
  });
});

describe('random numbers', () => {
  it.each<[string, (x: T) => T]>([
    ['rand', (x) => x.mul(tf.rand([2], () => 0.5))],
    ['randomNormal', (x) => x.mul(tf.randomNormal([2]))],
    ['randomStandardNormal', (x) => x.mul(tf.randomStandardNormal([2]))],
    ['randomUniform', (x) => x.mul(tf.randomUniform([2]))],
    ['randomUniformInt', (x) => x.mul(tf.randomUniformInt([2], 0, 5))],
    ['randomGamma', (x) => x.mul(tf.randomGamma([2], 1))],
    ['truncatedNormal', (x) => x.mul(tf.truncatedNormal([2]))],
    ['multinomial', (x) => x.mul(tf.multinomial(x.as1D(), 2))],
    ['dropout', (x) => tf.dropout(x, 0.5)],
  ])('tf.%s', (op, f) => {
    const error = refusal(f, vector);
    expect([error.code, error.fields]).toEqual(['RANDOM', { op }]);
    expect(error.message).toContain(`tf.${op}`);
    expect(error.message).toContain('option data');
  });

  it('are not drawn by a dropout of rate 0', () => {
    expect(evaluated((x: T) => tf.dropout(x, 0), vector)).toEqual([[1, 2]]);
  });
});

describe('ops that cannot be recorded', () => {
  it('are named with their kernel', () => {
    const error = refusal((x: T) => tf.unique(x as tf.Tensor1D).values, vector);
    expect([error.code, error.fields]).toEqual(['UNSUPPORTED_OP', { kernel: 'Unique', op: 'unique' }]);
    expect(error.message).toContain('tf.unique (kernel Unique)');
  });

  it.each([
    ['leakyrelu', 'without leakyreluAlpha'],
    ['swish', 'knows no such activation'],
  ])('in a fused op, the activation %s', (activation, why) => {
    const f = (a: T) => {
      const x = a.reshape([1, 1, 2, 1]) as tf.Tensor4D;
      const filter = x.slice(0, [1, 1, 1, 1]) as tf.Tensor4D;
      return tf.fused.conv2d({ x, filter, strides: 1, pad: 'valid', activation: activation as 'relu' });
    };
    const error = refusal(f);
    expect(error.code).toBe('UNSUPPORTED_OP');
    expect(error.message).toContain(`the activation ${activation}`);
    expect(error.message).toContain(why);
  });

  it('run where they depend on constants alone', () => {
    const f = (x: T) => x.mul(tf.unique(tf.tensor1d([3, 3, 4])).values);
    expect(evaluated(f, 2)).toEqual([[6, 8]]);
  });

  it('of a kernel that tfjs does not have', () => {
    const f = (x: T) => tf.engine().runKernel('Warp', { x }) as T;
    expect(refusal(f).code).toBe('UNSUPPORTED_OP' as const);
  });
});
