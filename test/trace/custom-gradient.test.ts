/** tf.customGrad in f: the user's gradient is the one that counts, in every mode and at every order. */

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { float64, hessian, hvp, jacobian, jvp, valueAndGrad, vjp } from '../../src/index.ts';
import { refusal } from './recording.ts';

type T = tf.Tensor;
type Save = (tensors: T[]) => void;
/** The types of tfjs know a gradFunc of one result only. */
const custom = (f: (...args: never[]) => { value: T; gradFunc: (dy: T, saved: T[]) => T | T[] }) =>
  tf.customGrad(f as never) as (...args: T[]) => T;

const x = Float64Array.of(0.3, -1.2, 2.6);

/** The cube, with its gradient as a function of what was saved. */
const cube = custom((a: T, save: Save) => {
  save([a]);
  return { value: a.mul(a).mul(a), gradFunc: (dy, [saved]) => dy.mul(saved.square()).mul(3) };
});

/** exp, whose gradient takes the result. */
const exponential = custom((a: T, save: Save) => {
  const y = a.exp();
  save([y]);
  return { value: y, gradFunc: (dy, [saved]) => dy.mul(saved) };
});

/** Rounds, as if it didn't: a straight-through estimator. */
const rounded = custom((a: T) => ({ value: a.round(), gradFunc: (dy) => dy }));

/** Leaves values alone and turns gradients around. */
const reversed = custom((a: T) => ({ value: a, gradFunc: (dy) => dy.neg() }));

const diagonal = (H: { toArray(): number[][] }): number[] => H.toArray().map((row, i) => row[i]);
const all = (values: ArrayLike<number>, f: (v: number, i: number) => number): number[] => Array.from(values, f);
const expectClose = (actual: ArrayLike<number>, expected: readonly number[], tolerance = 1e-12): void => {
  expect(actual.length).toBe(expected.length);
  for (const [i, v] of expected.entries()) {
    expect(Math.abs(actual[i] - v), `[${i}] ${actual[i]} for ${v}`).toBeLessThan(tolerance * Math.max(1, Math.abs(v)));
  }
};

beforeAll(() => tf.setBackend('cpu'));

describe('a Hessian', () => {
  it('takes the derivative of the gradient function', async () => {
    const { H } = await hessian((a: T) => cube(a).sum(), x);
    expectClose(
      diagonal(H),
      all(x, (v) => 6 * v),
    );
  });

  it('is of such a function itself', async () => {
    const { H } = await hessian(
      custom((a: T) => ({ value: a.square().sum(), gradFunc: (dy) => dy.mul(a).mul(2) })),
      x,
    );
    expectClose(diagonal(H), [2, 2, 2]);
  });

  it('takes it through a saved result', async () => {
    const { H } = await hessian((a: T) => exponential(a.mul(2)).sum(), x);
    expectClose(
      diagonal(H),
      all(x, (v) => 4 * Math.exp(2 * v)),
    );
  });

  it.each([true, false])(
    'is of the gradient that was given, not of the values (checkpoint: %s)',
    async (checkpoint) => {
      // d/da Σ r(a)² = 2 r(a) · 1, and of that 2 · 1.
      const { H } = await hessian((a: T) => rounded(a).square().sum(), x, { checkpoint });
      expectClose(diagonal(H), [2, 2, 2]);
      const { gradient } = await valueAndGrad((a: T) => rounded(a).square().sum(), x);
      expectClose(
        gradient as Float64Array,
        all(x, (v) => 2 * Math.round(v)),
      );
    },
  );

  it('goes through a function within a function', async () => {
    const twice = custom((a: T, save: Save) => {
      save([a]);
      return { value: cube(a).mul(2), gradFunc: (dy, [saved]) => dy.mul(cube(saved).add(saved)) };
    });
    // The gradient is a³ + a, whose derivative has cube's own gradient in it.
    const { H } = await hessian((a: T) => twice(a).sum(), x);
    expectClose(
      diagonal(H),
      all(x, (v) => 3 * v * v + 1),
    );
  });

  it('has several arguments, of which one is whole numbers and one a constant', async () => {
    const blend = custom((a: T, k: T, c: T) => ({
      value: a.mul(k.toFloat()).mul(c),
      gradFunc: (dy) => [dy.mul(a).mul(c), tf.zerosLike(k), tf.zerosLike(c)],
    }));
    const k = tf.tensor1d([1, 2, 3], 'int32');
    const c = float64([0.1, 0.2, 0.3]);
    const { H } = await hessian((a: T) => blend(a, k, c).sum(), x);
    expectClose(diagonal(H), [0.1, 0.2, 0.3]);
  });

  it('tells the result from what has the same value', async () => {
    // The gradient is a itself, or 2eᵃ: neither is the result.
    const cloned = custom((a: T, save: Save) => {
      save([a]);
      return { value: a.clone(), gradFunc: (dy, [saved]) => dy.mul(saved) };
    });
    expectClose(diagonal((await hessian((a: T) => cloned(a).sum(), x)).H), [1, 1, 1]);
    const twice = custom((a: T) => ({ value: a.exp(), gradFunc: (dy) => dy.mul(a.exp()).mul(2) }));
    expectClose(
      diagonal((await hessian((a: T) => twice(a).sum(), x)).H),
      all(x, (v) => 2 * Math.exp(v)),
    );
  });

  it('takes the result by its own gradient, saved or not, and so does tf.grad inside f', async () => {
    // g = 2ay, and y varies by g: 2y + 2a·g.
    const expected = all(x, (v) => 2 * Math.sin(v) + 2 * v * 2 * v * Math.sin(v));
    const saving = custom((a: T, save: Save) => {
      const y = a.sin();
      save([a, y]);
      return { value: y, gradFunc: (dy, [b, z]) => dy.mul(z).mul(b).mul(2) };
    });
    const holding = custom((a: T) => {
      const y = a.sin();
      return { value: y, gradFunc: (dy) => dy.mul(y).mul(a).mul(2) };
    });
    for (const f of [saving, holding]) {
      expectClose(diagonal((await hessian((a: T) => f(a).sum(), x)).H), expected);
      const slope = tf.grad((a: T) => f(a).sum());
      expectClose(diagonal((await jacobian((a: T) => slope(a), x)).J), expected);
    }
  });

  it('need not be symmetric', async () => {
    const mixed = custom((a: T, b: T) => ({
      value: a.mul(b),
      gradFunc: (dy) => [dy.mul(b.square()), dy.mul(a.sin())],
    }));
    const at = { a: float64([0.3]), b: float64([0.5]) };
    const { H } = await hessian(({ a, b }: Record<'a' | 'b', T>) => mixed(a, b).sum(), at);
    expectClose((H.toArray() as number[][]).flat(), [0, 1, Math.cos(0.3), 0]);
  });

  it('is the same in worker threads', async () => {
    const f = (a: T) => cube(a).add(exponential(a)).add(rounded(a).square()).sum();
    const { H } = await hessian(f, x, { workers: 2 });
    expectClose(
      diagonal(H),
      all(x, (v) => 6 * v + Math.exp(v) + 2),
    );
  });
});

describe('other derivatives', () => {
  it.each(['forward', 'reverse'] as const)('a Jacobian, %s', async (mode) => {
    const { J } = await jacobian((a: T) => tf.concat([reversed(a), cube(a)]), x, { mode });
    const rows = J.toArray() as number[][];
    expectClose(
      rows.flat(),
      [...[0, 1, 2].map(() => -1), ...all(x, (v) => 3 * v * v)].flatMap((v, i) =>
        [0, 1, 2].map((j) => (j === i % 3 ? v : 0)),
      ),
    );
  });

  it('single products', async () => {
    const v = Float64Array.of(1, 2, 3);
    const pushed = await jvp((a: T) => exponential(a), x, v);
    expectClose(
      (pushed.tangent as { data: Float64Array }).data,
      all(x, (a, i) => Math.exp(a) * v[i]),
    );
    const pulled = await vjp((a: T) => reversed(a), x, v);
    expectClose(pulled.gradient as Float64Array, [-1, -2, -3]);
    expectClose(
      (await hvp((a: T) => cube(a).sum(), x, v)) as Float64Array,
      all(x, (a, i) => 6 * a * v[i]),
    );
  });

  it('a value that is the argument itself, which others use, too', async () => {
    const { gradient } = await valueAndGrad((a: T) => reversed(a).add(a.mul(3)).sum(), x);
    expectClose(gradient as Float64Array, [2, 2, 2]);
  });

  it('a value that depends on nothing', async () => {
    const constant = custom((a: T) => ({ value: tf.ones([3]), gradFunc: (dy) => dy.mul(a) }));
    const { H } = await hessian((a: T) => constant(a).sum(), x);
    expectClose(diagonal(H), [1, 1, 1]);
  });

  it('by tf.grad inside f, and the derivative of that', async () => {
    const slope = tf.grad((a: T) => exponential(a).sum());
    const { J } = await jacobian((a: T) => slope(a), x);
    expectClose(
      diagonal(J),
      all(x, (v) => Math.exp(v)),
    );
    const reversal = tf.grad((a: T) => reversed(a).square().sum());
    const { J: K } = await jacobian((a: T) => reversal(a), x);
    expectClose(diagonal(K), [2, 2, 2]);
  });

  it('with gradients that are taken within the functions themselves', async () => {
    const sum = (a: T): T => a.mul(a).mul(a).sum();
    const inside = custom((a: T, save: Save) => {
      save([a]);
      return { value: a.pow(3), gradFunc: (dy, [saved]) => dy.mul(tf.grad(sum)(saved)) };
    });
    const ahead = custom((a: T, save: Save) => {
      save([tf.grad(sum)(a)]);
      return { value: a.pow(3), gradFunc: (dy, [slope]) => dy.mul(slope) };
    });
    for (const own of [inside, ahead]) {
      const { H } = await hessian((a: T) => own(a).sum(), x);
      expectClose(
        diagonal(H),
        all(x, (v) => 6 * v),
      );
      const once = tf.grad((a: T) => own(a).sum());
      const { J } = await jacobian((a: T) => once(a), x);
      expectClose(
        diagonal(J),
        all(x, (v) => 6 * v),
      );
    }
    const once = tf.grad((a: T) => inside(a).sum());
    const twice = tf.grad((a: T) => once(a).square().sum());
    const { J } = await jacobian((a: T) => twice(a), x);
    expectClose(
      diagonal(J),
      all(x, (v) => 108 * v ** 2),
    );
  });

  it('of constants alone is left to tfjs', async () => {
    const { gradient } = await valueAndGrad((a: T) => a.mul(cube(tf.tensor1d([1, 2, 3]))).sum(), x);
    expectClose(gradient as Float64Array, [1, 8, 27]);
    const precise = await valueAndGrad((a: T) => a.mul(cube(float64([0.1, 0.2, 0.3]))).sum(), x);
    expectClose(precise.gradient as Float64Array, [0.1 ** 3, 0.2 ** 3, 0.3 ** 3]);
  });

  it('leaves no tensor behind', async () => {
    const before = tf.memory().numTensors;
    await hessian((a: T) => cube(exponential(rounded(a))).sum(), x);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('a gradient that turns some of dy around', () => {
  const flipped = [-1, 3, -1];
  const cases: Record<string, { readonly gradFunc: (dy: T, saved: T[]) => T; readonly factors: readonly number[] }> = {
    'by cases of what was saved': {
      gradFunc: (dy, [saved]) => tf.where(saved.greater(0), dy.neg(), dy.mul(3)),
      factors: flipped,
    },
    'part by part': {
      gradFunc: (dy) => {
        const [first, second, third] = tf.unstack(dy);
        return tf.stack([first.neg(), second.mul(3), third.neg()]);
      },
      factors: flipped,
    },
    'and pads it': {
      gradFunc: (dy) =>
        dy
          .slice(1, 1)
          .neg()
          .pad([[1, 1]]),
      factors: [0, -1, 0],
    },
    'in a spectrum of odd length': {
      gradFunc: (dy) =>
        tf.real(tf.spectral.ifft(tf.spectral.fft(tf.complex(dy, tf.zerosLike(dy))).mul(tf.complex(2, 0)))) as T,
      factors: [2, 2, 2],
    },
  };

  it.each(Object.entries(cases))('%s, is linear in it', async (_name, { gradFunc, factors }) => {
    const own = custom((a: T, save: Save) => {
      save([a]);
      return { value: a.clone(), gradFunc };
    });
    const f = (a: T) => own(a).square();
    for (const mode of ['forward', 'reverse'] as const) {
      const { J } = await jacobian(f, x, { mode });
      expectClose(
        J.data,
        [...x].flatMap((v, i) => all(x, (_, j) => (i === j ? 2 * v * factors[i] : 0))),
      );
    }
    const { H } = await hessian((a: T) => f(a).sum(), x);
    expectClose(
      diagonal(H),
      all(x, (_, i) => 2 * factors[i] ** 2),
    );
  });
});

describe('refuses', () => {
  const refused = (gradFunc: (dy: T) => T) =>
    refusal((a: T) => custom((b: T) => ({ value: b.square(), gradFunc }))(a).sum());

  it.each([
    ['a clipped gradient', (dy: T) => dy.clipByValue(-1, 1)],
    ['a squared one', (dy: T) => dy.square()],
    ['one with something added', (dy: T) => dy.add(1)],
    ['one by cases of dy', (dy: T) => tf.where(dy.greater(0), dy, dy.mul(2))],
    ['a constant one', (dy: T) => tf.onesLike(dy)],
    ['its sign', (dy: T) => dy.sign()],
    ['a rounded one', (dy: T) => dy.mul(127).round().div(127)],
    ['one through integers', (dy: T) => dy.toInt().toFloat()],
    ['one through truth values', (dy: T) => dy.greater(0).toFloat().mul(3)],
    ['a remainder', (dy: T) => dy.mod(2)],
  ])('%s', (_name, gradFunc) => {
    const error = refused(gradFunc);
    expect(error.code).toBe('UNSUPPORTED_OP');
    expect(error.message).toContain('not linear in dy');
  });

  it('a gradient of another shape', () => {
    const error = refused((dy) => dy.sum());
    expect(error.code).toBe('FUNCTION');
    expect(error.message).toContain('f32[] as the gradient of its argument 0, which is f32[2]');
  });

  it('a function whose gradient calls itself', () => {
    const exp: (a: T) => T = custom((a: T) => ({ value: a.exp(), gradFunc: (dy) => dy.mul(exp(a)) }));
    const error = refusal((a: T) => exp(a).sum());
    expect(error.code).toBe('UNSUPPORTED_OP');
    expect(error.message).toContain('Save the result');
  });

  it('a function of whole numbers', () => {
    const error = refusal((a: T) =>
      custom((b: T) => ({ value: b.round().toInt(), gradFunc: (dy) => dy.toFloat() }))(a).sum(),
    );
    expect(error.code).toBe('UNSUPPORTED_OP');
    expect(error.message).toContain('value is int32');
  });

  it('a function that takes x from around it alone', () => {
    const error = refusal((a: T) => custom(() => ({ value: a.square(), gradFunc: (dy) => dy }))(tf.ones([2])).sum());
    expect(error.code).toBe('UNSUPPORTED_OP');
    expect(error.message).toContain('Pass it as an argument');
  });
});
