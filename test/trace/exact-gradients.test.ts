/** tf.grad inside f, one within the other: the derivative of any op, also where tfjs has no gradient. */

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { hessian, jacobian, valueAndGrad } from '../../src/index.ts';
import { evaluated, refusal, type T } from './recording.ts';

beforeAll(() => tf.setBackend('cpu'));

type F = (a: T) => T;

const x = Float64Array.of(0.37, -1.21, 2.63, 0.84, -0.52, 1.45);
const square = (a: T): tf.Tensor2D => a.reshape([2, 3]) as tf.Tensor2D;
const image = (a: T, size: number, channels: number): tf.Tensor4D =>
  tf
    .outerProduct(a.flatten() as tf.Tensor1D, tf.linspace(-0.7, 1.1, (size * size * channels) / 6) as tf.Tensor1D)
    .add(tf.linspace(0.1, 0.6, size * size * channels).reshape([6, -1]))
    .reshape([1, size, size, channels]) as tf.Tensor4D;
const kernel = (height: number, width: number, channels: number, out: number): tf.Tensor4D =>
  tf
    .linspace(-1, 0.8, height * width * channels * out)
    .sin()
    .reshape([height, width, channels, out]) as tf.Tensor4D;

/** Sums of something that is not linear in the op, so that no derivative is trivially zero. */
const ops: Readonly<Record<string, F>> = {
  elu: (a) => a.elu().square(),
  selu: (a) => a.selu().square(),
  prelu: (a) => a.prelu(a.mul(0.3)).square(),
  leakyRelu: (a) => a.leakyRelu(0.1).pow(3),
  relu: (a) => a.relu().pow(3),
  relu6: (a) => a.mul(3).relu6().square(),
  hardSigmoid: (a) => (tf.layers.activation({ activation: 'hardSigmoid' }).apply(a) as T).pow(3),
  step: (a) => a.step(0.1).mul(a).square(),
  softplus: (a) => a.softplus().square(),
  'clip by value': (a) => a.clipByValue(-1, 1.5).pow(3),
  max: (a) => square(a).max(1).pow(3),
  min: (a) => square(a).min(0).pow(3),
  maximum: (a) => a.maximum(a.square()).square(),
  minimum: (a) => a.minimum(a.mul(0.5).sin()).square(),
  logSumExp: (a) => square(a).logSumExp(1).square(),
  prod: (a) => square(a).prod(1).square(),
  cumprod: (a) => a.cumprod().square(),
  cumsum: (a) => a.cumsum(0, true, true).pow(3),
  mean: (a) => square(a).mean(0).pow(3),
  einsum: (a) => tf.einsum('ij,kj->ik', square(a), square(a).sin()).square(),
  matMul: (a) => square(a).matMul(square(a), false, true).square(),
  softmax: (a) => square(a).softmax().square(),
  logSoftmax: (a) => tf.logSoftmax(square(a)).square(),
  logSigmoid: (a) => a.logSigmoid().square(),
  pow: (a) => a.square().pow(a.sin()),
  atan2: (a) => a.atan2(a.square().add(0.5)).square(),
  mod: (a) => a.mod(0.4).pow(3),
  erf: (a) => a.erf().square(),
  'where by a comparison': (a) => a.where(a.greater(0), a.square().mul(2)).square(),
  'a comparison as a number': (a) => a.greater(0).toFloat().mul(a).square(),
  topk: (a) => tf.topk(a, 3).values.pow(3),
  'gather of places that depend on a': (a) => a.gather(a.argMax()).pow(3),
  gather: (a) => a.gather(tf.tensor1d([0, 3, 3, 5], 'int32')).pow(3),
  scatterND: (a) => tf.scatterND(tf.tensor2d([[4], [1], [1], [2], [0], [3]], [6, 1], 'int32'), a, [7]).pow(3),
  unsortedSegmentSum: (a) => tf.unsortedSegmentSum(a, tf.tensor1d([0, 1, 0, 2, 2, 1], 'int32'), 3).pow(3),
  stack: (a) => tf.stack([a, a.sin()]).prod(0).square(),
  concat: (a) => tf.concat([a, a.cos()]).pow(3),
  'unstack, not all of it': (a) => {
    const [first, , third] = square(a).transpose().unstack();
    return first.mul(third).square();
  },
  split: (a) => {
    const [first, second, third] = a.split(3);
    return first.mul(second).mul(third).square();
  },
  mirrorPad: (a) => a.mirrorPad([[2, 1]], 'reflect').pow(3),
  tile: (a) => a.tile([2]).pow(3),
  conv1d: (a) =>
    tf
      .conv1d(a.reshape([1, 6, 1]) as tf.Tensor3D, kernel(1, 3, 1, 2).reshape([3, 1, 2]) as tf.Tensor3D, 1, 'same')
      .pow(3),
  conv2d: (a) => tf.conv2d(image(a, 6, 1), kernel(3, 3, 1, 2), 2, 'same').pow(3),
  'conv2d, dilated': (a) => tf.conv2d(image(a, 6, 1), kernel(2, 2, 1, 2), 1, 'valid', 'NHWC', 2).pow(3),
  'conv2d in its filter': (a) => tf.conv2d(image(a, 6, 1), a.reshape([2, 3, 1, 1]) as tf.Tensor4D, 1, 'valid').square(),
  depthwiseConv2d: (a) => tf.depthwiseConv2d(image(a, 6, 1), kernel(2, 2, 1, 2), 1, 'valid').pow(3),
  conv2dTranspose: (a) => tf.conv2dTranspose(image(a, 6, 1), kernel(2, 2, 2, 1), [1, 12, 12, 2], 2, 'same').pow(3),
  'fused conv2d': (a) =>
    tf.fused
      .conv2d({
        x: image(a, 6, 1),
        filter: kernel(2, 2, 1, 2),
        strides: 1,
        pad: 'valid',
        bias: a.slice(0, 2),
        activation: 'elu',
      })
      .square(),
  'fused conv2d, linear and dilated': (a) =>
    tf.fused.conv2d({ x: image(a, 6, 1), filter: kernel(2, 2, 1, 2), strides: 1, pad: 'valid', dilations: 2 }).pow(3),
  'fused matMul': (a) => tf.fused.matMul({ a: square(a), b: square(a).transpose(), bias: a.slice(0, 2) }).pow(3),
  avgPool: (a) => tf.avgPool(image(a, 6, 1), 3, 2, 'same').pow(3),
  maxPool: (a) => tf.maxPool(image(a, 6, 1), 2, 2, 'valid').pow(3),
  localResponseNormalization: (a) =>
    tf.localResponseNormalization(a.reshape([1, 1, 2, 3]) as tf.Tensor4D, 1, 1, 0.5).square(),
  resizeBilinear: (a) => tf.image.resizeBilinear(a.reshape([1, 2, 3, 1]) as tf.Tensor4D, [3, 5]).pow(3),
  cropAndResize: (a) =>
    tf.image
      .cropAndResize(image(a, 6, 1), tf.tensor2d([[0.1, 0.2, 0.8, 0.9]]), tf.tensor1d([0], 'int32'), [2, 2])
      .pow(3),
  batchNorm: (a) =>
    tf.batchNorm(square(a), square(a).mean(0), square(a).square().mean(0), undefined, a.slice(0, 3)).square(),
  huberLoss: (a) => tf.losses.huberLoss(tf.zerosLike(a), a).square(),
  softmaxCrossEntropy: (a) =>
    tf.losses
      .softmaxCrossEntropy(
        tf.tensor2d([
          [0.2, 0.3, 0.5],
          [1, 0, 0],
        ]),
        square(a),
      )
      .square(),
  'softmaxCrossEntropy in its labels': (a) =>
    tf.losses.softmaxCrossEntropy(square(a).softmax(), square(a).sin()).square(),
  sigmoidCrossEntropy: (a) => tf.losses.sigmoidCrossEntropy(tf.zerosLike(a).add(0.3), a).square(),
};

const sumOf =
  (f: F): ((a: T) => tf.Scalar) =>
  (a) =>
    f(a).sum();

/** The derivative along (1, …, 1), by tfjs. */
const along =
  (f: F): F =>
  (a) =>
    tf.grad(sumOf(f))(a).sum();

const flat = (matrix: { toArray(): number[] | number[][] }): number[] => matrix.toArray().flat();

const expectClose = (actual: ArrayLike<number>, expected: ArrayLike<number>): void => {
  expect(actual.length).toBe(expected.length);
  const scale = Math.max(1, ...Array.from(expected, Math.abs));
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(actual[i] - expected[i]), `[${i}] ${actual[i]} for ${expected[i]}`).toBeLessThan(1e-11 * scale);
  }
};

const precision = 'float64';
const inProcess = { precision, jit: false } as const;

describe('tf.grad of', () => {
  it.each(Object.entries(ops))('%s', async (_name, f) => {
    const before = tf.memory().numTensors;
    const { gradient } = await valueAndGrad(sumOf(f), x, inProcess);
    const [first] = evaluated(tf.grad(sumOf(f)), x, { precision });
    expectClose(first, gradient as Float64Array);

    // Rows of the Hessian, summed up, and those of the Hessian of the derivative along (1, …, 1).
    const H = flat((await hessian(sumOf(f), x, inProcess)).H);
    const rows = x.map((_, i) => H.slice(6 * i, 6 * i + 6).reduce((sum, v) => sum + v, 0));
    const [second] = evaluated(tf.grad(sumOf(along(f))), x, { precision });
    expectClose(second, rows);
    const J = flat((await jacobian(tf.grad(sumOf(f)), x, inProcess)).J);
    expectClose(J, H);

    const G = flat((await hessian(sumOf(along(f)), x, inProcess)).H);
    const turns = x.map((_, i) => G.slice(6 * i, 6 * i + 6).reduce((sum, v) => sum + v, 0));
    const [third] = evaluated(tf.grad(sumOf(along(along(f)))), x, { precision });
    expectClose(third, turns);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('tf.grad inside f', () => {
  it('of elu, four times, by the closed form', () => {
    const fourth = along(along(along(along((a) => a.elu()))));
    const [value] = evaluated(fourth, x, { precision });
    const negative = [...x].filter((v) => v < 0).map(Math.exp);
    expectClose(value, [negative.reduce((sum, v) => sum + v, 0)]);
  });

  it('in several tensors, one of which is the exponent', () => {
    const f = ({ a, p }: { a: T; p: T }) => {
      const power = (s: T, t: T): tf.Scalar => s.pow(t).sum();
      const [, inExponent] = tf.grads(power)([a, p]);
      const [mixed] = tf.grads((s: T, t: T) => tf.grads(power)([s, t])[1].sum())([a, p]);
      return [inExponent, mixed];
    };
    const given = { a: Float64Array.of(0.5, 2), p: Float64Array.of(3, 1.5) };
    const [inExponent, mixed] = evaluated(f, given, { precision });
    const at = (g: (a: number, p: number) => number): number[] => [...given.a].map((a, i) => g(a, given.p[i]));
    expectClose(
      inExponent,
      at((a, p) => a ** p * Math.log(a)),
    );
    expectClose(
      mixed,
      at((a, p) => a ** (p - 1) * (p * Math.log(a) + 1)),
    );
  });

  it('in a constant that the inner gradient takes for one', () => {
    // d/dp of p·aᵖ⁻¹, with p a constant of f.
    const f: F = (a) =>
      tf.grad((p: T) =>
        tf
          .grad((b: T) => b.pow(p).sum())(a)
          .sum(),
      )(tf.scalar(2));
    const [value] = evaluated(f, Float64Array.of(0.5, 2), { precision });
    expectClose(value, [[0.5, 2].reduce((sum, a) => sum + a * (2 * Math.log(a) + 1), 0)]);
  });

  it('in constants, through kernels that ran outside of the recording', () => {
    const points = tf.tensor1d([-1, 0.5, 2]);
    const bend: F = (t) => t.where(t.greater(0), t.elu().mul(2)).square();
    const f: F = (a) =>
      tf.grad((t: T) =>
        tf
          .grad((s: T) => bend(s).mul(a).sum())(t)
          .sum(),
      )(points);
    const [value] = evaluated(f, Float64Array.of(3, 5, 7), { precision });
    // (2 (eᵗ − 1))² has the second derivative 8 (2 e²ᵗ − eᵗ), and t² has 2.
    const left = 8 * (2 * Math.exp(-2) - Math.exp(-1));
    for (const [i, v] of [3 * left, 10, 14].entries()) expect(value[i]).toBeCloseTo(v, 5);
    points.dispose();
  });

  it('with cotangents of its own', () => {
    const f: F = (a) => tf.grad((b: T) => b.leakyRelu(0.5).square())(a, a.sin());
    const [value] = evaluated(f, x, { precision });
    expectClose(
      value,
      x.map((v) => Math.sin(v) * 2 * v * (v < 0 ? 0.25 : 1)),
    );
  });

  it('is zero where the function is constant by steps', () => {
    const f: F = (a) => tf.grad((b: T) => b.greater(0).toFloat().add(b.round()).add(b.toInt().toFloat()).sum())(a);
    expect(evaluated(f, x, { precision })).toEqual([[0, 0, 0, 0, 0, 0]]);
  });

  it('of a function with a gradient of its own, and of what is around it', () => {
    const doubled = tf.customGrad((a) => ({ value: (a as T).elu(), gradFunc: (dy) => dy.mul(2) }));
    const f: F = (a) =>
      tf.grad((b: T) =>
        tf
          .grad((c: T) => doubled(c.elu()).sum())(b)
          .sum(),
      )(a);
    const [value] = evaluated(f, x, { precision });
    expectClose(
      value,
      x.map((v) => (v < 0 ? 2 * Math.exp(v) : 0)),
    );
  });

  it('with respect to variables', () => {
    const w = tf.variable(tf.tensor1d([0.5, -0.25]));
    const f: F = (a) => {
      const inner = (): tf.Scalar => {
        const { grads } = tf.variableGrads(() => w.mul(a).selu().sum() as tf.Scalar, [w]);
        return grads[w.name].sum();
      };
      return tf.variableGrads(inner, [w]).grads[w.name];
    };
    const [value] = evaluated(f, Float64Array.of(1.5, 2), { precision });
    // selu is λ α (eᵘ − 1) left of 0.
    const curvature = 1.0507009873554805 * 1.6732632423543772;
    expect(value[0]).toBeCloseTo(0, 12);
    expect(value[1]).toBeCloseTo(curvature * Math.exp(-0.5) * 4, 12);
    w.dispose();
  });

  it('of a network of elu units in its input: the loss of a differential equation', async () => {
    const network = ({ w, b, v }: { w: T; b: T; v: T }, t: T): T =>
      tf.fused
        .matMul({ a: t.reshape([-1, 1]), b: w.reshape([1, -1]), bias: b as tf.Tensor1D, activation: 'elu' })
        .matMul(v.reshape([-1, 1]))
        .flatten();
    const weights = { w: Float64Array.of(0.7, -1.1), b: Float64Array.of(0.2, -0.3), v: Float64Array.of(1.3, 0.8) };
    const points = Float64Array.of(-0.8, -0.1, 0.4, 1.1);
    const loss = (p: { w: T; b: T; v: T }, { t }: { t: T }): T => {
      const slope: F = tf.grad((s: T) => network(p, s).sum());
      const curvature = tf.grad((s: T) => slope(s).sum())(t);
      return curvature.add(network(p, t)).square().sum();
    };
    const { gradient, value } = await valueAndGrad(loss, weights, { data: { t: points }, ...inProcess });
    const byHand = ({ w, b, v }: typeof weights): number =>
      [...points].reduce((sum, t) => {
        const residual = [...w].reduce((r, wi, i) => {
          const u = wi * t + b[i];
          return r + v[i] * (u > 0 ? u : wi * wi * Math.exp(u) + Math.exp(u) - 1);
        }, 0);
        return sum + residual ** 2;
      }, 0);
    expect((value as { data: Float64Array }).data[0]).toBeCloseTo(byHand(weights), 11);
    const h = 1e-6;
    for (const name of ['w', 'b', 'v'] as const) {
      for (const i of [0, 1]) {
        const moved = (by: number) => ({ ...weights, [name]: weights[name].map((v, j) => (j === i ? v + by : v)) });
        const difference = (byHand(moved(h)) - byHand(moved(-h))) / (2 * h);
        expect((gradient as typeof weights)[name][i]).toBeCloseTo(difference, 7);
      }
    }
  });

  it('is refused by name through an op that is not recorded', () => {
    const values = tf.tensor1d([1, 2, 2]);
    const error = refusal((a: T) =>
      tf.grad((t: T) =>
        tf
          .unique(t as tf.Tensor1D)
          .values.mul(a)
          .sum(),
      )(values),
    );
    expect(error.code).toBe('UNSUPPORTED_OP');
    expect(error.message).toContain('tf.unique');
    expect(error.message).toContain('outside of the function that tf.grad differentiates');
    values.dispose();
  });
});
