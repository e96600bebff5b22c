/** tf.grad of tf.grad through a tf.customGrad: all that its gradient is made of varies, wherever it was made. */

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { hessian, jacobian } from '../../src/index.ts';
import { evaluated, type T } from './recording.ts';

type Save = (tensors: T[]) => void;
type F = (a: T) => T;
/** The types of tfjs know a gradFunc of one result only. */
const custom = <Args extends T[]>(f: (...args: never[]) => { value: T; gradFunc: (dy: T, saved: T[]) => T | T[] }) =>
  tf.customGrad(f as never) as (...args: Args) => T;

const { sin, cos, exp } = Math;
const x = [0.3, -1.2, 2.6];

interface Case {
  readonly f: F;
  /** The value, what the gradient function multiplies dy by, and its derivatives in turn. */
  readonly derivatives: readonly ((v: number) => number)[];
}

/** a³ by a², whose own gradient is 5a² in place of 3a²: what is true tells itself from what was given. */
const stretched = custom<[T]>((a: T, save: Save) => {
  const square = a.square();
  save([square]);
  return { value: square.mul(a), gradFunc: (dy, [saved]) => dy.mul(saved).mul(5) };
});

/** exp by its result, which is its own derivative. */
const exponential = custom<[T]>((a: T, save: Save) => {
  const y = a.exp();
  save([y]);
  return { value: y, gradFunc: (dy, [saved]) => dy.mul(saved) };
});

const cases: Record<string, Case> = {
  'a saved argument': {
    f: custom<[T]>((a: T, save: Save) => {
      save([a]);
      return { value: a.pow(4), gradFunc: (dy, [saved]) => dy.mul(saved.pow(3)).mul(4) };
    }),
    derivatives: [(v) => v ** 4, (v) => 4 * v ** 3, (v) => 12 * v ** 2, (v) => 24 * v, () => 24],
  },
  'a saved intermediate': {
    f: stretched,
    derivatives: [(v) => v ** 3, (v) => 5 * v ** 2, (v) => 10 * v, () => 10, () => 0],
  },
  'a saved result': { f: exponential, derivatives: [exp, exp, exp, exp, exp] },
  'two saved intermediates': {
    f: custom<[T]>((a: T, save: Save) => {
      const [s, c] = [a.sin(), a.cos()];
      save([s, c]);
      return { value: s.mul(c), gradFunc: (dy, [p, q]) => dy.mul(q.square().sub(p.square())) };
    }),
    derivatives: [
      (v) => sin(2 * v) / 2,
      (v) => cos(2 * v),
      (v) => -2 * sin(2 * v),
      (v) => -4 * cos(2 * v),
      (v) => 8 * sin(2 * v),
    ],
  },
  'an argument, an intermediate and the result, saved together': {
    // y varies by 3s + 1 with s = a², and so does as + a: their difference z − bs − b is 0 at every order.
    f: custom<[T]>((a: T, save: Save) => {
      const square = a.square();
      const y = square.mul(a).add(a);
      save([a, square, y]);
      return {
        value: y,
        gradFunc: (dy, [b, s, z]) =>
          dy.mul(
            s
              .mul(3)
              .add(1)
              .add(z.sub(b.mul(s)).sub(b)),
          ),
      };
    }),
    derivatives: [(v) => v ** 3 + v, (v) => 3 * v ** 2 + 1, (v) => 6 * v, () => 6, () => 0],
  },
  'the result, which varies by its own gradient': {
    // y = sin a, with y' = 2ay: y″ = 2y + 2ay' and so on.
    f: custom<[T]>((a: T, save: Save) => {
      const y = a.sin();
      save([y, a]);
      return { value: y, gradFunc: (dy, [z, b]) => dy.mul(z).mul(b).mul(2) };
    }),
    derivatives: [
      sin,
      (v) => 2 * v * sin(v),
      (v) => (4 * v ** 2 + 2) * sin(v),
      (v) => (8 * v ** 3 + 12 * v) * sin(v),
      (v) => (16 * v ** 4 + 48 * v ** 2 + 12) * sin(v),
    ],
  },
  'what was made of the result inside, which varies as the ops say': {
    // 3 sin a has the derivative 3 cos a, whatever the gradient of sin a was given as.
    f: custom<[T]>((a: T, save: Save) => {
      const y = a.sin();
      save([y.mul(3)]);
      return { value: y, gradFunc: (dy, [z]) => dy.mul(z) };
    }),
    derivatives: [sin, (v) => 3 * sin(v), (v) => 3 * cos(v), (v) => -3 * sin(v), (v) => -3 * cos(v)],
  },
  'an intermediate that was kept and not saved': {
    f: custom<[T]>((a: T) => {
      const square = tf.keep(a.square());
      return { value: square.mul(a), gradFunc: (dy) => dy.mul(square).mul(5) };
    }),
    derivatives: [(v) => v ** 3, (v) => 5 * v ** 2, (v) => 10 * v, () => 10, () => 0],
  },
  'the result, held': {
    f: custom<[T]>((a: T) => {
      const y = a.exp();
      return { value: y, gradFunc: (dy) => dy.mul(y) };
    }),
    derivatives: [exp, exp, exp, exp, exp],
  },
  'a function within the function': {
    // The gradient 5a² + 2 · stretched(a), of which stretched varies by 5a² in place of 3a².
    f: custom<[T]>((a: T, save: Save) => {
      const inner = stretched(a);
      const square = a.square();
      save([inner, square]);
      return { value: inner.add(square), gradFunc: (dy, [p, q]) => dy.mul(q.mul(5).add(p.mul(2))) };
    }),
    derivatives: [
      (v) => v ** 3 + v ** 2,
      (v) => 5 * v ** 2 + 2 * v ** 3,
      (v) => 10 * v + 10 * v ** 2,
      (v) => 10 + 20 * v,
      () => 20,
    ],
  },
  'the result of a function within the function': {
    f: custom<[T]>((a: T, save: Save) => {
      const y = stretched(a);
      save([y]);
      return { value: y, gradFunc: (dy, [z]) => dy.mul(z).mul(2) };
    }),
    // By the outer gradient alone, y' = 2y.
    derivatives: [0, 1, 2, 3, 4].map((k) => (v: number) => 2 ** k * v ** 3),
  },
  'a gradient taken in the function': {
    f: custom<[T]>((a: T, save: Save) => {
      save([tf.grad((b: T) => b.mul(b).mul(b).sum())(a)]);
      return { value: a.pow(3), gradFunc: (dy, [slope]) => dy.mul(slope) };
    }),
    derivatives: [(v) => v ** 3, (v) => 3 * v ** 2, (v) => 6 * v, () => 6, () => 0],
  },
  'the argument as the value': {
    f: custom<[T]>((a: T, save: Save) => {
      save([a.mul(2)]);
      return { value: a, gradFunc: (dy, [twice]) => dy.mul(twice) };
    }),
    derivatives: [(v) => v, (v) => 2 * v, () => 2, () => 0, () => 0],
  },
  'an intermediate that undoes what was done outside': {
    // −(−b) is b to the recording: derivatives must not pass by the argument.
    f: (a) =>
      custom<[T]>((b: T, save: Save) => {
        save([b.neg()]);
        return { value: b.square(), gradFunc: (dy, [c]) => dy.mul(c.square()) };
      })(a.neg()),
    derivatives: [(v) => v ** 2, (v) => -(v ** 2), (v) => -2 * v, () => -2, () => 0],
  },
};

const expectClose = (actual: ArrayLike<number>, expected: readonly number[], tolerance: number): void => {
  expect(actual.length).toBe(expected.length);
  for (const [i, v] of expected.entries()) {
    expect(Math.abs(actual[i] - v), `[${i}] ${actual[i]} for ${v}`).toBeLessThan(tolerance * Math.max(1, Math.abs(v)));
  }
};

const nested = (f: F, times: number): F => {
  if (times === 0) return f;
  const inner = nested(f, times - 1);
  return (a) => tf.grad((b: T) => inner(b).sum())(a);
};
const diagonal = (matrix: { toArray(): unknown }): number[] => (matrix.toArray() as number[][]).map((row, i) => row[i]);
const at = Float64Array.from(x);

beforeAll(() => tf.setBackend('cpu'));

describe.each(Object.entries(cases))('%s', (_name, { f, derivatives }) => {
  const expected = (order: number): number[] => x.map(derivatives[order]);

  it.each([
    ['float32', 2e-5],
    ['float64', 1e-12],
  ] as const)('is followed by tf.grad once, twice and three times, in %s', (precision, tolerance) => {
    for (const order of [0, 1, 2, 3]) {
      const [value] = evaluated(nested(f, order), at, { precision });
      expectClose(value, expected(order), tolerance);
    }
  });

  it('in a chain of operations', () => {
    // f(2t), and then times t: d³/dt³ (t f(2t)) = 12 f″ + 8t f‴.
    const [value] = evaluated(
      nested((t) => f(t.mul(2)).mul(t), 3),
      at.map((v) => v / 2),
      { precision: 'float64' },
    );
    expectClose(
      value,
      x.map((v) => 12 * derivatives[2](v) + 4 * v * derivatives[3](v)),
      1e-12,
    );
  });

  it('by tf.valueAndGrads of two', () => {
    const mixed = (a: T): T[] => {
      const two = tf.tensor1d([2, 2, 2]);
      const slope = (s: T, t: T): tf.Scalar => {
        const { grads } = tf.valueAndGrads((p: T, q: T) => f(p.mul(q)).sum())([s, t]);
        return grads[0].sum();
      };
      const { value, grads } = tf.valueAndGrads(slope)([a.div(2), two]);
      return [value, ...grads];
    };
    const [value, inS, inT] = evaluated(mixed, at, { precision: 'float64' });
    const [, d1, d2] = derivatives;
    expectClose(value, [x.reduce((sum, v) => sum + 2 * d1(v), 0)], 1e-12);
    expectClose(
      inS,
      x.map((v) => 4 * d2(v)),
      1e-12,
    );
    expectClose(
      inT,
      x.map((v) => d1(v) + v * d2(v)),
      1e-12,
    );
  });

  it('by tf.variableGrads', () => {
    const w = tf.variable(tf.tensor1d([2, 2, 2]));
    const twice = (a: T): T => {
      const inner = (): tf.Scalar =>
        tf.variableGrads(() => f(w.mul(a)).sum() as tf.Scalar, [w]).grads[w.name].sum() as tf.Scalar;
      return tf.variableGrads(inner, [w]).grads[w.name];
    };
    const [value] = evaluated(
      twice,
      at.map((v) => v / 2),
      { precision: 'float64' },
    );
    expectClose(
      value,
      x.map((v) => (v / 2) ** 2 * derivatives[2](v)),
      1e-12,
    );
    w.dispose();
  });

  it('in constants of f', () => {
    const points = tf.tensor1d([0.25, -1.5, 2]);
    const [value] = evaluated((a: T) => nested(f, 2)(points).mul(a), new Float64Array(3).fill(1), {
      precision: 'float64',
    });
    expectClose(value, [0.25, -1.5, 2].map(derivatives[2]), 2e-6);
    points.dispose();
  });

  it('in a Hessian and in both modes of a Jacobian', async () => {
    const { H } = await hessian((a: T) => nested(f, 2)(a).sum(), at, { workers: 1 });
    expectClose(diagonal(H), expected(4), 1e-11);
    for (const mode of ['forward', 'reverse'] as const) {
      const { J } = await jacobian(nested(f, 2), at, { mode, workers: 1 });
      expectClose(diagonal(J), expected(3), 1e-11);
    }
  });

  it('leaves no tensor behind', async () => {
    const before = tf.memory().numTensors;
    evaluated(nested(f, 3), at, { precision: 'float64' });
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('beside its arguments', () => {
  it('what is taken from around varies, too', () => {
    // The gradient at b = a is b·t, of which the derivative in t is b.
    const f: F = (a) =>
      tf.grad((t: T) =>
        tf
          .grad((s: T) =>
            custom<[T]>((b: T, save: Save) => {
              save([b.mul(t)]);
              return { value: b, gradFunc: (dy, [product]) => dy.mul(product) };
            })(s).sum(),
          )(a)
          .sum(),
      )(a.mul(2));
    const [value] = evaluated(f, at, { precision: 'float64' });
    expectClose(value, x, 1e-12);
  });

  it('several arguments have their parts in what is saved', () => {
    const product = custom<[T, T]>((a: T, b: T, save: Save) => {
      const [sum, value] = [a.add(b), a.mul(b)];
      save([sum, value]);
      // d/da := (a + b)² ab, d/db := sin(a + b)
      return { value, gradFunc: (dy, [s, p]) => [dy.mul(s.square()).mul(p), dy.mul(s.sin())] };
    });
    const mixed = (a: T): T[] => {
      const slopes = tf.grads((p: T, q: T) => product(p, q).sum());
      return tf.grads((p: T, q: T) => {
        const [inA, inB] = slopes([p, q]);
        return inA.add(inB.mul(3)).sum();
      })([a, a.mul(2)]);
    };
    const [inA, inB] = evaluated(mixed, at, { precision: 'float64' });
    // With s = 3a and p = 2a²: s²p + 3 sin s varies by 2sp + 3 cos s with s, and by s² with p, which varies as said above.
    const bySum = (v: number): number => 12 * v ** 3 + 3 * cos(3 * v);
    expectClose(
      inA,
      x.map((v) => bySum(v) + 9 * v ** 2 * (18 * v ** 4)),
      1e-12,
    );
    expectClose(
      inB,
      x.map((v) => bySum(v) + 9 * v ** 2 * sin(3 * v)),
      1e-12,
    );
  });
});
