/** Complex constants, and what recorded complex tensors are refused for. */

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { float64 } from '../../src/index.ts';
import { evaluated, refusal, type T } from './recording.ts';

beforeAll(() => tf.setBackend('cpu'));

const parts = (z: T): T => tf.stack([tf.real(z), tf.imag(z)]);

describe('constants', () => {
  it('are captured as two real ones, from outside and from inside', () => {
    const c = tf.complex([1, 2], [3, 4]);
    const f = (x: T): T => parts(tf.mul(tf.complex(x, x), c).add(tf.complex(tf.scalar(1), tf.scalar(2))));
    expect(evaluated(f, new Float32Array([1, 1]))).toEqual([[1 + -2, 1 + -2, 2 + 4, 2 + 6]]);
    c.dispose();
  });
  it('that are disposed are refused', () => {
    const c = tf.complex([1, 2], [3, 4]);
    c.dispose();
    expect(refusal((x: T) => tf.abs(tf.complex(x, x).mul(c))).message).toContain('disposed');
  });
  it('in float64 keep their digits, and may be read', () => {
    const third = float64([1 / 3]);
    const f = (x: T): T => {
      const z = tf.complex(third, tf.neg(third));
      expect([...z.dataSync()]).toEqual([Math.fround(1 / 3), Math.fround(-1 / 3)]);
      return tf.imag(tf.complex(x, x).mul(z)).add(tf.real(z));
    };
    expect(evaluated(f, float64([3]), { precision: 'float64' })).toEqual([[1 / 3]]);
  });
  it('join traced ones', () => {
    const c = tf.complex([1], [2]);
    expect(evaluated((x: T) => parts(tf.concat([tf.complex(x, x), c])), new Float32Array([5]))).toEqual([[5, 1, 5, 2]]);
    c.dispose();
  });
});

describe('refused', () => {
  it.each<[string, (x: T) => T, RegExp, string]>([
    ['a complex result', (x) => tf.complex(x, x), /complex tensor at f\(x\).*tf\.real\(z\)/, 'FUNCTION'],
    [
      'what is not complex',
      (x) => tf.relu(tf.complex(x, x)),
      /tf\.relu of a complex tensor.*Apply it to/,
      'UNSUPPORTED_OP',
    ],
    ['an order', (x) => tf.maximum(tf.complex(x, x), x), /tf\.maximum of a complex/, 'UNSUPPORTED_OP'],
    ['reading', (x) => x.mul(tf.complex(x, x).dataSync()[0]), /depend on x/, 'CONCRETIZATION'],
    [
      'a gradient by tfjs, which is wrong',
      (x) => tf.grad((v: T) => tf.abs(v.cast('complex64').mul(tf.complex(1, 2))).sum())(x),
      /tf\.grad through tf\.\w+ of a complex tensor.*leave the derivative to diffops/,
      'UNSUPPORTED_OP',
    ],
    [
      'a gradient that tfjs lacks',
      (x) => tf.grad((v: T) => tf.real(tf.fft(tf.complex(v, v))).sum())(x),
      /complex/,
      'UNSUPPORTED_OP',
    ],
    [
      'a customGrad of a complex argument',
      (x) =>
        tf.real(
          tf.customGrad((z, save) => {
            (save as tf.GradSaveFunc)([z as T]);
            return { value: tf.real(z as T), gradFunc: (dy: T) => dy };
          })(tf.complex(x, x)),
        ),
      /customGrad with a complex tensor/,
      'UNSUPPORTED_OP',
    ],
  ])('%s', (_name, f, message, code) => {
    const error = refusal(f);
    expect(error.message).toMatch(message);
    expect(error.code).toBe(code);
  });

  it('not a gradient by tfjs beside complex ones', () => {
    const f = (x: T): T => {
      const size = tf.abs(tf.complex(x, x));
      return tf.grad((v: T) => v.square().mul(size).sum())(x);
    };
    const [[a, b]] = evaluated(f, new Float32Array([3, 4]));
    expect(a).toBeCloseTo(18 * Math.SQRT2, 5);
    expect(b).toBeCloseTo(32 * Math.SQRT2, 5);
  });

  it('leave no tensor behind', () => {
    const before = tf.memory().numTensors;
    refusal((x: T) => tf.complex(x, x));
    evaluated((x: T) => tf.abs(tf.fft(tf.complex(x, x))), new Float32Array([1, 2]));
    expect(tf.memory().numTensors).toBe(before);
  });
});
