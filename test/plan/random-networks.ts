/** Random smooth programs over leaves of all sizes, such as people write: what the levers must not change. */

import type { Shape, Value } from '../../src/ir/aval.ts';
import { sizeOf } from '../../src/ir/aval.ts';
import type { Atom, Program } from '../../src/ir/program.ts';
import type { Ops } from '../../src/primitives/ops.ts';
import { newOps } from '../../src/primitives/table.ts';
import { randomFrom, value } from '../primitives/support.ts';

export interface RandomNetwork {
  /** One element, and the last few values; the inputs are those of both. */
  readonly scalar: Program;
  readonly vector: Program;
  /** The first inputs are differentiated; the others are data and indices. */
  readonly leaves: number;
  readonly inputs: readonly Value[];
}

/** Of few extents, so that axes meet often; one-element, scalar and empty ones among them. */
const LEAF_SHAPES: Shape[] = [[3, 4], [4, 3], [4], [3], [1], [], [0], [2, 0], [2, 3], [2, 3, 2], [4, 4], [1, 4], [6]];
const DATA_SHAPES: Shape[] = [
  [5, 4],
  [4, 3],
  [3, 4],
];
const INDICES = 3;
const LARGEST = 96;

type Random = () => number;
const pick = <T>(random: Random, items: readonly T[]): T => items[Math.floor(random() * items.length)];
const flip = (random: Random): boolean => random() < 0.5;

interface Scene {
  readonly random: Random;
  readonly ops: Ops;
  /** All values so far; leaves stand in it from the start and may be used again and again. */
  readonly pool: Atom[];
  readonly indices: Atom;
}

type Move = (scene: Scene, x: Atom) => Atom | undefined;

const rank = (x: Atom): number => x.aval.shape.length;
const axesOf = (x: Atom): number[] => x.aval.shape.map((_, i) => i);
const alike = ({ random, pool }: Scene, x: Atom): Atom =>
  pick(
    random,
    pool.filter((a) => String(a.aval.shape) === String(x.aval.shape)),
  );

const unary =
  (make: (ops: Ops, x: Atom) => Atom): Move =>
  ({ ops }, x) =>
    make(ops, x);
const binary =
  (make: (ops: Ops, x: Atom, y: Atom) => Atom): Move =>
  (scene, x) =>
    make(scene.ops, x, alike(scene, x));
const along =
  (make: (scene: Scene, x: Atom, axis: number) => Atom | undefined): Move =>
  (scene, x) => {
    const axis = Math.floor(scene.random() * rank(x));
    return axis < rank(x) ? make(scene, x, axis) : undefined;
  };

/** Σ over some of the axes that both have, all orders of the rest. */
const einsum = ({ random, ops, pool }: Scene, x: Atom): Atom | undefined => {
  const y = pick(random, flip(random) ? pool : pool.slice(0, 10));
  const lhs = axesOf(x);
  const rhs = y.aval.shape.map((_, i) => 10 + i);
  for (const [j, d] of y.aval.shape.entries()) {
    const i = x.aval.shape.findIndex((e, k) => e === d && !rhs.includes(k));
    if (i >= 0 && random() < 0.8) rhs[j] = i;
  }
  const both = lhs.filter((label) => rhs.includes(label));
  const summed = both.filter(() => random() < 0.75);
  const out = [...new Set([...lhs, ...rhs])].filter((label) => !summed.includes(label));
  if (out.length > 3) return undefined;
  if (flip(random)) out.reverse();
  return ops.mul(ops.dot(x, y, { lhs, rhs, out }), 0.6);
};

const softmax = along(({ ops }, x, axis) => {
  const { shape } = x.aval;
  const kept = axesOf(x).filter((i) => i !== axis);
  const e = ops.unary('exp', ops.sub(x, ops.broadcast(ops.reduceMax(x, [axis]), shape, kept)));
  return ops.div(e, ops.broadcast(ops.sum(e, [axis]), shape, kept));
});

const moveToShape: Move = ({ random, ops }, x) => {
  const size = sizeOf(x.aval.shape);
  const shapes = [[size], [1, size], [2, size / 2], [size / 2, 2], [3, size / 3], [2, 2, size / 4]];
  const whole = shapes.filter((shape) => shape.every((d) => Number.isInteger(d) && d > 0));
  return whole.length > 0 ? ops.reshape(x, pick(random, whole)) : undefined;
};

/** x repeated along a new axis at `at`. */
const repeated = ({ random, ops }: Scene, x: Atom, at: number, times: readonly number[]): Atom => {
  const { shape } = x.aval;
  const wider = [...shape.slice(0, at), pick(random, times), ...shape.slice(at)];
  return ops.broadcast(
    x,
    wider,
    shape.map((_, i) => (i < at ? i : i + 1)),
  );
};

const repeat: Move = (scene, x) => repeated(scene, x, Math.floor(scene.random() * (rank(x) + 1)), [1, 3, 4]);

const orderOf = (random: Random, axes: number[]): number[] => {
  axes.push(...axes.splice(0, Math.floor(random() * axes.length)));
  return flip(random) ? axes.reverse() : axes;
};

const turned: Move = ({ random, ops }, x) => ops.permute(x, orderOf(random, axesOf(x)));

/** A sum over repeated elements, in a way that folds don't see. */
const repeatAndSum: Move = (scene, x) => {
  const { random, ops } = scene;
  const at = Math.floor(random() * (rank(x) + 1));
  const wider = repeated(scene, x, at, [2, 3]);
  const order = orderOf(random, axesOf(wider));
  return ops.sum(ops.mul(ops.permute(wider, order), 0.4), [order.indexOf(at)]);
};

const SMOOTH: Move[] = [
  unary((ops, x) => ops.unary('tanh', x)),
  unary((ops, x) => ops.unary('sin', x)),
  unary((ops, x) => ops.unary('logistic', x)),
  unary((ops, x) => ops.unary('softplus', x)),
  unary((ops, x) => ops.unary('exp', ops.neg(ops.mul(x, x)))),
  unary((ops, x) => ops.unary('sqrt', ops.add(ops.mul(x, x), 0.5))),
  unary((ops, x) => ops.binary('pow', ops.add(ops.mul(x, x), 1), ops.full(x, 0.75))),
  unary((ops, x) => ops.mul(ops.sub(1, ops.mul(x, -0.5)), 0.7)),
  binary((ops, x, y) => ops.add(x, y)),
  binary((ops, x, y) => ops.sub(x, ops.mul(y, 0.5))),
  binary((ops, x, y) => ops.mul(x, y)),
  binary((ops, x, y) => ops.div(x, ops.add(ops.mul(y, y), 1.5))),
];

const CORNERED: Move[] = [
  binary((ops, x, y) => ops.binary('max', x, ops.sub(y, 0.31))),
  binary((ops, x, y) => ops.select(ops.binary('lt', x, ops.add(y, 0.17)), ops.mul(x, y), ops.unary('sin', y))),
  unary((ops, x) => ops.select(ops.binary('gt', x, ops.full(x, 0.07)), x, 0)),
  along(({ ops }, x, axis) => ops.reduceMax(ops.mul(x, 1.1), [axis])),
];

const MOVING: Move[] = [
  moveToShape,
  repeat,
  repeatAndSum,
  repeatAndSum,
  turned,
  along(({ ops }, x, axis) => ops.reverse(x, [axis])),
  along(({ random, ops }, x, axis) => ops.roll(x, axis, pick(random, [-1, 1]))),
  along(({ random, ops }, x, axis) => {
    const start = Math.floor((random() * x.aval.shape[axis]) / 2);
    return ops.sliceAxis(x, axis, start, x.aval.shape[axis], pick(random, [1, 1, 2]));
  }),
  along(({ random, ops }, x, axis) => {
    const on = (amount: number): number[] => axesOf(x).map((i) => (i === axis ? amount : 0));
    return ops.pad(x, on(pick(random, [0, 1])), on(pick(random, [0, 1])), on(pick(random, [0, 0, 1])), 0.25);
  }),
  along((scene, x, axis) => scene.ops.concat([x, scene.ops.full(x, 0.5), alike(scene, x)], axis)),
  along(({ ops, indices }, x, axis) => ops.gather(x, indices, axis)),
  along(({ ops, indices }, x, axis) => {
    return x.aval.shape[axis] === INDICES ? ops.scatterAdd(x, indices, axis, INDICES + 1) : undefined;
  }),
  along(({ random, ops }, x, axis) => {
    const size = pick(random, [2, 3]);
    const length = x.aval.shape[axis];
    if (length < size) return undefined;
    const patches = ops.windows(x, axis, size, pick(random, [1, 2]));
    return flip(random) ? patches : ops.sum(patches, [axis + 1]);
  }),
  along(({ ops }, x, axis) => {
    const length = x.aval.shape[axis];
    return length < 2 ? undefined : ops.mul(ops.fold(ops.windows(x, axis, 2), axis, length), 0.5);
  }),
  along(({ random, ops }, x, axis) => ops.mul(ops.cumsum(x, axis, flip(random), flip(random)), 0.5)),
  along(({ random, ops }, x, axis) => ops.sum(x, flip(random) ? [axis] : axesOf(x))),
];

/** Dots are what most levers are about. */
const FLOWING: Move[] = [...SMOOTH, ...MOVING, ...Array.from({ length: 9 }, () => einsum)];
const MOVES: Move[] = [...FLOWING, ...CORNERED, softmax, softmax];

/**
 * The same network for the same seed, of at most `length` steps. `flowing`: no step compares, so that a NaN goes
 * wherever a value has gone.
 */
export const randomNetwork = (seed: number, length = 14, flowing = false): RandomNetwork => {
  const random = randomFrom(seed);
  const ops = newOps();
  const shapes = Array.from({ length: 1 + Math.floor(random() * 5) }, () => pick(random, LEAF_SHAPES));
  if (shapes.every((shape) => sizeOf(shape) === 0)) shapes.push([3, 4]);
  const leaves = shapes.map((shape) => ops.input({ shape, dtype: 'float64' }));
  const data = DATA_SHAPES.map((shape) => ops.input({ shape, dtype: 'float64' }));
  const indices = ops.input({ shape: [INDICES], dtype: 'int32' });
  const pool: Atom[] = [...leaves, ...leaves, ...data];
  const scene: Scene = { random, ops, pool, indices };
  // Steps start from what depends on leaves; data come in as second operands.
  const varied: Atom[] = leaves.filter((a) => sizeOf(a.aval.shape) > 0);
  // People keep parameters in one shape and use them in another.
  for (const leaf of [...varied]) {
    const other = flip(random) && moveToShape(scene, leaf);
    if (!other) continue;
    pool.push(other);
    varied.push(other);
  }
  for (let i = 0; i < length; i++) {
    const made = pick(random, flowing ? FLOWING : MOVES)(
      scene,
      pick(random, flip(random) ? varied.slice(-1 - Math.floor(3 * random())) : varied),
    );
    if (!made || made.kind === 'literal' || sizeOf(made.aval.shape) > LARGEST || rank(made) > 4) continue;
    pool.push(made);
    varied.push(made);
  }
  const last = varied.slice(-3);
  const scalar = last
    .map((a, i): Atom => ops.sum(i === 0 ? ops.unary('sin', a) : ops.mul(a, ops.add(a, 0.3 * i)), axesOf(a)))
    .reduce((sum, part) => ops.add(sum, part));
  const inputs = [
    ...shapes.map((shape) => value(shape, 'float64', () => 2 * random() - 1)),
    ...DATA_SHAPES.map((shape) => value(shape, 'float64', () => 2 * random() - 1)),
    value([INDICES], 'int32', () => Math.floor(random() * 5) - 1),
  ];
  return { scalar: ops.build([scalar]), vector: ops.build(last), leaves: shapes.length, inputs };
};
