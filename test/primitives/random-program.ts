/** Random programs over small whole numbers, on which arithmetic is exact, so that any change of value shows. */

import { type Shape, sizeOf } from '../../src/ir/aval.ts';
import type { Atom } from '../../src/ir/program.ts';
import type { Ops } from '../../src/primitives/ops.ts';

type Random = () => number;

const CONSTANTS = [0, 1, -1, 2, 0.5, -2, 3];
const SHAPES: Shape[] = [[2, 3], [3, 2], [1, 3], [2, 1, 3], [], [4], [2, 2, 2]];

const pick = <T>(random: Random, items: readonly T[]): T => items[Math.floor(random() * items.length)];
const flip = (random: Random): boolean => random() < 0.5;

const shuffled = (random: Random, count: number): number[] => {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
};

/** x brought to a shape by a slice, a pad or a broadcast, where one of these can. */
const reshaped = (random: Random, ops: Ops, x: Atom, shape: Shape): Atom | undefined => {
  if (sizeOf(x.aval.shape) === sizeOf(shape)) return ops.reshape(x, shape);
  const size = sizeOf(x.aval.shape);
  const flat = ops.reshape(x, [size]);
  const wanted = sizeOf(shape);
  if (wanted < size) return ops.reshape(ops.slice(flat, [size - wanted], [size]), shape);
  return flip(random) ? ops.reshape(ops.pad(flat, [wanted - size], [0]), shape) : undefined;
};

type Move = (random: Random, ops: Ops, x: Atom, pool: readonly Atom[]) => Atom | undefined;

const elementwise =
  (make: (ops: Ops, x: Atom, y: Atom) => Atom): Move =>
  (random, ops, x, pool) => {
    const same = pool.filter((a) => String(a.aval.shape) === String(x.aval.shape));
    const y = flip(random) ? pick(random, same) : ops.full(x, pick(random, CONSTANTS));
    return flip(random) ? make(ops, x, y) : make(ops, y, x);
  };

const someAxes = (random: Random, x: Atom): number[] => x.aval.shape.map((_, i) => i).filter(() => flip(random));
const anAxis = (random: Random, x: Atom): number | undefined =>
  x.aval.shape.length === 0 ? undefined : Math.floor(random() * x.aval.shape.length);

const along =
  (make: (random: Random, ops: Ops, x: Atom, axis: number) => Atom | undefined): Move =>
  (random, ops, x) => {
    const axis = anAxis(random, x);
    return axis === undefined ? undefined : make(random, ops, x, axis);
  };

const MOVES: Move[] = [
  elementwise((ops, x, y) => ops.add(x, y)),
  elementwise((ops, x, y) => ops.sub(x, y)),
  elementwise((ops, x, y) => ops.mul(x, y)),
  elementwise((ops, x, y) => ops.mul(x, y)),
  elementwise((ops, x, y) => ops.binary('max', x, y)),
  elementwise((ops, x, y) => ops.select(ops.binary('lt', x, y), x, y)),
  elementwise((ops, x, y) => ops.select(ops.unary('not', ops.binary('eq', x, y)), y, x)),
  (random, ops, x) => ops.div(x, pick(random, [1, -1, 2, 0.5])),
  (random, ops, x) => ops.binary('pow', x, pick(random, [0, 1, 2])),
  (_random, ops, x) => ops.neg(x),
  (_random, ops, x) => ops.cast(x, 'float64'),
  (random, ops, x) => reshaped(random, ops, x, pick(random, SHAPES)),
  (random, ops, x) => ops.permute(x, shuffled(random, x.aval.shape.length)),
  (random, ops, x) => ops.permute(x, shuffled(random, x.aval.shape.length)),
  (random, ops, x) => ops.reverse(x, someAxes(random, x)),
  (random, ops, x) => {
    if (x.aval.shape.length > 3) return undefined;
    const at = Math.floor(random() * (x.aval.shape.length + 1));
    const shape = [...x.aval.shape.slice(0, at), pick(random, [1, 2, 3]), ...x.aval.shape.slice(at)];
    return ops.broadcast(
      x,
      shape,
      x.aval.shape.map((_, i) => (i < at ? i : i + 1)),
    );
  },
  (random, ops, x) => ops.sum(x, someAxes(random, x)),
  (random, ops, x) => ops.sum(x, someAxes(random, x)),
  (random, ops, x) => ops.reduceMax(x, someAxes(random, x)),
  (random, ops, x) => ops.reduceMin(x, someAxes(random, x)),
  along((random, ops, x, axis) => {
    const length = x.aval.shape[axis];
    const start = Math.floor(random() * length);
    return ops.sliceAxis(x, axis, start, start + 1 + Math.floor(random() * (length - start)), pick(random, [1, 2]));
  }),
  along((random, ops, x, axis) => ops.roll(x, axis, pick(random, [-1, 1, 2]))),
  along((random, ops, x, axis) => {
    // A roll as it is written with a split.
    const length = x.aval.shape[axis];
    const cut = Math.floor(random() * length);
    return ops.concat([ops.sliceAxis(x, axis, cut, length), ops.sliceAxis(x, axis, 0, cut)], axis);
  }),
  along((random, ops, x, axis) => {
    const amount = x.aval.shape.map((_, i) => (i === axis ? pick(random, [0, 1]) : 0));
    const between = x.aval.shape.map((_, i) => (i === axis ? pick(random, [0, 0, 1]) : 0));
    return ops.pad(x, amount, amount, between, pick(random, [0, 0, 1]));
  }),
  along((random, ops, x, axis) => {
    // A sum of pads of its parts, as the transpose of a split makes it.
    const length = x.aval.shape[axis];
    const cut = Math.floor(random() * length);
    const cutAgain = Math.min(length, cut + pick(random, [0, 1]));
    const padded = (start: number, limit: number): Atom => {
      const amounts = (amount: number): number[] => x.aval.shape.map((_, i) => (i === axis ? amount : 0));
      return ops.pad(ops.sliceAxis(x, axis, start, limit), amounts(start), amounts(length - limit));
    };
    const [first, second] = [padded(0, cut), padded(cutAgain, length)];
    return flip(random) ? ops.add(first, second) : ops.add(second, first);
  }),
  along((random, ops, x, axis) => {
    const other = flip(random) ? x : ops.full(x, pick(random, [0, 1]));
    return ops.concat(flip(random) ? [x, other] : [other, x, other], axis);
  }),
  along((random, ops, x, axis) => {
    const indices = ops.literal(pick(random, [0, 1, -1]), pick(random, [[], [2]]), 'int32');
    return ops.gather(x, indices, axis);
  }),
  along((_random, ops, x, axis) => {
    const length = x.aval.shape[axis];
    return ops.gather(x, ops.iota([length], 0), axis);
  }),
  along((random, ops, x, axis) => {
    const size = Math.min(x.aval.shape[axis], pick(random, [1, 2, 3]));
    const patches = ops.windows(x, axis, size);
    return flip(random) ? patches : ops.fold(patches, axis, x.aval.shape[axis]);
  }),
  along((random, ops, x, axis) => ops.cumsum(x, axis, flip(random), flip(random))),
  (random, ops, x, pool) => {
    const y = pick(random, pool);
    // Equal extents share a label, now and then.
    const lhs = x.aval.shape.map((_, i) => i);
    const rhs = y.aval.shape.map((_, i) => 10 + i);
    for (const [j, d] of y.aval.shape.entries()) {
      const i = x.aval.shape.findIndex((e, k) => e === d && !rhs.includes(k));
      if (i >= 0 && random() < 0.7) rhs[j] = i;
    }
    const shared = lhs.filter((label) => rhs.includes(label));
    const summed = shared.filter(() => random() < 0.7);
    const labels = [...new Set([...lhs, ...rhs])].filter((label) => !summed.includes(label));
    if (labels.length > 4) return undefined;
    const out = shuffled(random, labels.length).map((i) => labels[i]);
    return ops.dot(x, y, { lhs, rhs, out });
  },
];

/** The same program for the same random numbers, in whatever builder; a branch that meets arrays of more than `most` elements ends there. */
export const randomProgram = (
  random: Random,
  ops: Ops,
  length: number,
  shapes: readonly Shape[] = SHAPES,
  most = 64,
): { inputs: Atom[]; outputs: Atom[] } => {
  const inputs = shapes.map((shape) => ops.input({ shape, dtype: 'float64' }));
  const pool: Atom[] = [...inputs, ops.literal(0, [2, 3], 'float64'), ops.literal(1, [3, 2], 'float64')];
  for (let i = 0; i < length; i++) {
    const made = pick(random, MOVES)(random, ops, pick(random, pool.slice(-12)), pool);
    if (made && sizeOf(made.aval.shape) <= most && made.aval.shape.length <= 5) pool.push(made);
  }
  return { inputs, outputs: pool.slice(inputs.length) };
};
