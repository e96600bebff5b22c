/** What tfjs is like during and after a recording: memory, debug mode, nesting, other copies of tfjs. */

import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { evaluated, refusal, type T } from './recording.ts';

beforeAll(() => tf.setBackend('cpu'));

const vector = new Float32Array([1, 2]);
const f = (x: T): T => tf.tidy(() => tf.softmax(x.mul(tf.tensor1d([3, 4]))).sum());

describe('after a recording', () => {
  it('the engine is as it was', () => {
    const engine = tf.engine();
    const own = Object.getOwnPropertyNames(engine);
    const backends = Object.keys(engine.registryFactory);
    evaluated(f, vector);
    refusal((x: T) => x.dataSync());
    expect(Object.getOwnPropertyNames(engine)).toEqual(own);
    expect(Object.keys(engine.registryFactory)).toEqual(backends);
    expect(tf.getBackend()).toBe('cpu');
    expect(engine.state.scopeStack).toHaveLength(0);
    expect(engine.state.gradientDepth).toBe(0);
  });

  it('no tensor is left, however f treats them', () => {
    const before = { ...tf.memory() };
    evaluated((x: T) => {
      tf.keep(x.mul(2));
      tf.tensor1d([1, 2]).mul(3);
      tf.engine().startScope('never ended');
      x.mul(tf.tensor1d([5, 6])).dispose();
      return tf.tidy(() => x.square());
    }, vector);
    expect(tf.memory()).toEqual(before);
  });

  it('tensors are left alone that were there before, also within an outer tidy', () => {
    const kept = tf.tidy(() => {
      const outer = tf.tensor1d([1, 2]);
      evaluated((x: T) => x.mul(outer), vector);
      expect([...outer.dataSync()]).toEqual([1, 2]);
      return outer;
    });
    expect(kept.isDisposed).toBe(false);
    kept.dispose();
  });

  it('what f lets out is disposed, not half alive', () => {
    let escaped: T | undefined;
    evaluated((x: T) => {
      escaped = x.mul(2);
      return x;
    }, vector);
    expect(() => escaped?.dataSync()).toThrow('disposed');
  });
});

describe('debug mode', () => {
  afterEach(() => {
    tf.env().set('DEBUG', false);
    vi.restoreAllMocks();
  });

  it('reads no traced value', async () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    tf.env().set('DEBUG', true);
    const before = tf.memory().numTensors;
    const logits = (x: T): T =>
      tf.losses.softmaxCrossEntropy(tf.tensor1d([0, 1]), tf.logSoftmax(x)).add(tf.exp(tf.scalar(0)));
    expect(evaluated((x: T) => tf.grad((t: T) => logits(t))(x), vector)[0]).toHaveLength(2);
    expect(refusal((x: T) => x.dataSync()).code).toBe('CONCRETIZATION');
    expect(tf.memory().numTensors).toBe(before);
    // Its log is written in promises.
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(log.mock.calls.flat().join(' ')).toContain('Exp');
  });

  it('counts no leak with the checks of tfjs’ own tests', () => {
    tf.env().set('IS_TEST', true);
    try {
      expect(evaluated(f, vector)[0][0]).toBeCloseTo(1, 6);
    } finally {
      tf.env().set('IS_TEST', false);
    }
  });

  it('lets tf.profile list what is recorded', async () => {
    const { kernels } = await tf.profile(() => {
      evaluated((x: T) => x.mul(2).exp(), vector);
      return [];
    });
    expect(kernels.map((k) => k.name)).toEqual(expect.arrayContaining(['Multiply', 'Exp']));
  });
});

describe('recordings nest', () => {
  it('and each keeps its own tensors', () => {
    const before = tf.memory().numTensors;
    const outer = (x: T) => {
      const doubled = x.mul(2);
      const inner = evaluated((y: T) => y.mul(y).add(1), vector);
      return doubled.mul(tf.tensor1d(inner[0]));
    };
    expect(evaluated(outer, vector)).toEqual([[4, 20]]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('an inner f may compute with outer tensors, but not capture them', () => {
    const outer = (x: T) => {
      evaluated((y: T) => {
        x.mul(3);
        return y;
      }, vector);
      evaluated((y: T) => y.mul(x), vector);
      return x;
    };
    expect(refusal(outer, vector).code).toBe('CONCRETIZATION');
    expect(evaluated(f, vector)[0][0]).toBeCloseTo(1, 6);
  });

  it('traced tensors are no leaves', () => {
    expect(refusal((x: T) => tf.tensor1d(evaluated(f, x)[0]), vector).code).toBe('CONCRETIZATION');
  });

  it('an error within unwinds both', () => {
    const before = tf.memory().numTensors;
    const outer = (x: T) => {
      const y = x.mul(2);
      refusal(() => {
        throw new Error('inner');
      });
      return y;
    };
    expect(evaluated(outer, vector)).toEqual([[2, 4]]);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('another copy of tfjs-core', () => {
  it('shares the engine, so its ops are recorded too', () => {
    const require = createRequire(import.meta.url);
    const path = require.resolve('@tensorflow/tfjs-core');
    const cached = require.cache[path];
    delete require.cache[path];
    const other = require('@tensorflow/tfjs-core') as typeof tf;
    require.cache[path] = cached;
    expect(other.Tensor).not.toBe(tf.Tensor);
    const before = tf.memory().numTensors;
    const mixed = (x: T): T =>
      other
        .mul(
          other.tidy(() => other.exp(x.add(1))),
          other.tensor1d([1, 2]),
        )
        .add(x);
    const [recorded] = evaluated(mixed, vector);
    expect(recorded[1]).toBeCloseTo(2 * Math.exp(3) + 2, 4);
    expect(refusal((x: T) => other.tensor([x, x] as never)).code).toBe('CONCRETIZATION');
    expect(refusal((x: T) => other.variable(other.scalar(1)).assign(x as never), 1).code).toBe('VARIABLE_ASSIGN');
    tf.disposeVariables();
    expect(tf.memory().numTensors).toBe(before);
  });
});
