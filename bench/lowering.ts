/**
 * The facts that the lowerings rest on, each as ways to compute the same thing on one thread: `npm run bench --
 * lowering [part of a name]`. Prints nanoseconds per element of the largest array, less what an empty run takes.
 */

import { performance } from 'node:perf_hooks';
import ort, { type InferenceSession } from 'onnxruntime-node';
import { GraphBuilder, type Tensor } from '../src/compile/onnx/graph.ts';
import { encodeModel } from '../src/compile/onnx/model.ts';
import { allocate, type FloatDtype, type Shape, sizeOf } from '../src/ir/aval.ts';

type Build = (g: GraphBuilder, inputs: readonly Tensor[]) => Tensor;

interface Fact {
  readonly name: string;
  readonly inputs: readonly Shape[];
  readonly ways: Readonly<Record<string, Build>>;
}

const ones = (g: GraphBuilder, shape: Shape, dtype: FloatDtype): Tensor => g.filled(1, shape, dtype);
const concat = (g: GraphBuilder, parts: readonly Tensor[], axis: number, shape: Shape): Tensor =>
  g.node('Concat', parts, parts[0].dtype, shape, { attributes: { axis } });
const cut = (g: GraphBuilder, x: Tensor, axis: number, start: number, length: number): Tensor => {
  const shape = x.shape.map((d, i) => (i === axis ? length : d));
  return g.node('Slice', [x, g.ints([start]), g.ints([start + length]), g.ints([axis]), g.ints([1])], x.dtype, shape);
};
const sum = (g: GraphBuilder, x: Tensor, axis: number): Tensor =>
  g.node(
    'ReduceSum',
    [x, g.ints([axis])],
    x.dtype,
    x.shape.filter((_, i) => i !== axis),
    { attributes: { keepdims: 0 } },
  );
const multiply = (g: GraphBuilder, x: Tensor, y: Tensor, shape: Shape): Tensor => g.node('Mul', [x, y], x.dtype, shape);
const reversed = (g: GraphBuilder, count: number): Tensor =>
  g.constant(
    Int32Array.from({ length: count }, (_, i) => count - 1 - i),
    [count],
    'int32',
  );

/** Three overlapping windows along axis 1 of [outer, length, inner]. */
const windows = (outer: number, length: number, inner: number): Fact => {
  const count = length - 2;
  const shape = [outer, count, 3, inner];
  return {
    name: `windows of rows of ${inner}`,
    inputs: [[outer, length, inner]],
    ways: {
      Gather: (g, [x]) => {
        const places = Int32Array.from({ length: count * 3 }, (_, i) => Math.floor(i / 3) + (i % 3));
        return g.node('Gather', [x, g.constant(places, [count, 3], 'int32')], x.dtype, shape, {
          attributes: { axis: 1 },
        });
      },
      'Slices and Concat': (g, [x]) =>
        concat(
          g,
          [0, 1, 2].map((k) => g.reshape(cut(g, x, 1, k, count), [outer, count, 1, inner])),
          2,
          shape,
        ),
    },
  };
};

/** The sum over axis 1 of [outer, count, inner]. */
const middleSum = (outer: number, count: number, inner: number): Fact => ({
  name: `sum over the middle of [${outer}, ${count}, ${inner}]`,
  inputs: [[outer, count, inner]],
  ways: {
    ReduceSum: (g, [x]) => sum(g, x, 1),
    'Split and Sum': (g, [x]) => g.node('Sum', g.split(x, 1), x.dtype, [outer, 1, inner]),
  },
});

const transpose = (shape: Shape, perm: readonly number[]): Fact => ({
  name: `transpose of [${shape}] by [${perm}]`,
  inputs: [shape],
  ways: {
    'one Transpose': (g, [x]) =>
      g.node(
        'Transpose',
        [x],
        x.dtype,
        perm.map((axis) => shape[axis]),
        { attributes: { perm } },
      ),
    'in steps': (g, [x]) => g.transpose(x, perm),
  },
});

const counted = (g: GraphBuilder, count: number, place: (i: number) => number): Tensor =>
  g.constant(
    Int32Array.from({ length: count }, (_, i) => place(i)),
    [count],
    'int32',
  );

/** Images whose middle axis is resized. */
const RESIZED: readonly (readonly [outer: number, length: number, inner: number])[] = [
  [4, 64, 512],
  [4, 256, 512],
  [4, 1024, 512],
  [64, 64, 8],
  [16, 256, 8],
  [4, 1024, 8],
];

/** Axis 1 of [outer, length, inner] at twice as many places, between elements. */
const resize = (outer: number, length: number, inner: number): Fact => {
  const shape = [outer, 2 * length, inner];
  return {
    name: `resize the middle of [${outer}, ${length}, ${inner}]`,
    inputs: [
      [outer, length, inner],
      [2 * length, length],
    ],
    ways: {
      MatMul: (g, [x, weights]) => g.node('MatMul', [weights, x], x.dtype, shape),
      'two Gathers': (g, [x, weights]) => {
        const at = (next: number): Tensor => {
          const places = counted(g, 2 * length, (i) => Math.min(length - 1, (i >> 1) + next));
          return g.node('Gather', [x, places], x.dtype, shape, { attributes: { axis: 1 } });
        };
        const portion = cut(g, weights, 1, 0, 1);
        const [here, there] = [at(0), at(1)];
        const difference = g.node('Sub', [there, here], x.dtype, shape);
        return g.node('Add', [here, multiply(g, difference, portion, shape)], x.dtype, shape);
      },
    },
  };
};

/** The transpose of that: [outer, 2 · length, inner] added up along axis 1. */
const resizeBack = (outer: number, length: number, inner: number): Fact => {
  const shape = [outer, length, inner];
  return {
    name: `resize back the middle of [${outer}, ${2 * length}, ${inner}]`,
    inputs: [
      [outer, 2 * length, inner],
      [length, 2 * length],
    ],
    ways: {
      MatMul: (g, [x, weights]) => g.node('MatMul', [weights, x], x.dtype, shape),
      'one of two ScatterNDs': (g, [x]) => {
        const places = g.toInt64(
          g.reshape(
            counted(g, 2 * length, (i) => i >> 1),
            [2 * length, 1],
          ),
        );
        const rows = g.reshape(g.transpose(x, [1, 0, 2]), [2 * length, outer * inner]);
        const sums = g.node(
          'ScatterND',
          [g.filled(0, [length, outer * inner], x.dtype), places, rows],
          x.dtype,
          [length, outer * inner],
          { attributes: { reduction: 'add' } },
        );
        return g.transpose(g.reshape(sums, [length, outer, inner]), [1, 0, 2]);
      },
    },
  };
};

const FACTS: readonly Fact[] = [
  {
    name: 'repeat elements in short runs',
    inputs: [[4096, 1]],
    ways: {
      Expand: (g, [x]) => g.node('Expand', [x, g.ints([4096, 4])], x.dtype, [4096, 4]),
      'Mul by ones': (g, [x]) => multiply(g, x, ones(g, [4], x.dtype as FloatDtype), [4096, 4]),
    },
  },
  {
    name: 'multiply by a number',
    inputs: [[16, 256, 1], []],
    ways: {
      'with a last axis of length 1': (g, [x, y]) => multiply(g, x, y, [16, 256, 1]),
      'without it': (g, [x, y]) => multiply(g, g.reshape(x, [16, 256]), y, [16, 256]),
    },
  },
  {
    name: 'outer product',
    inputs: [[4096], [16]],
    ways: {
      Mul: (g, [x, y]) => multiply(g, g.reshape(x, [4096, 1]), y, [4096, 16]),
      MatMul: (g, [x, y]) => g.node('MatMul', [g.reshape(x, [4096, 1]), g.reshape(y, [1, 16])], x.dtype, [4096, 16]),
    },
  },
  {
    name: 'spread apart along the last axis',
    inputs: [[8192]],
    ways: {
      Pad: (g, [x]) => g.node('Pad', [g.reshape(x, [8192, 1]), g.ints([0, 0, 0, 1])], x.dtype, [8192, 2]),
      Concat: (g, [x]) => concat(g, [g.reshape(x, [8192, 1]), g.filled(0, [8192, 1], x.dtype)], 1, [8192, 2]),
    },
  },
  {
    name: 'gather along the last axis',
    inputs: [[256, 64]],
    ways: {
      Gather: (g, [x]) => g.node('Gather', [x, reversed(g, 64)], x.dtype, [256, 64], { attributes: { axis: 1 } }),
      GatherElements: (g, [x]) => {
        const places = g.node('Expand', [g.reshape(reversed(g, 64), [1, 64]), g.ints([256, 64])], 'int32', [256, 64]);
        return g.node('GatherElements', [x, places], x.dtype, [256, 64], { attributes: { axis: 1 } });
      },
    },
  },
  {
    name: 'add rows up at places',
    inputs: [[1024, 16]],
    ways: {
      ScatterND: (g, [x]) => {
        const places = g.toInt64(g.reshape(reversed(g, 1024), [1024, 1]));
        const into = g.filled(0, [1024, 16], x.dtype);
        return g.node('ScatterND', [into, places, x], x.dtype, [1024, 16], { attributes: { reduction: 'add' } });
      },
      ScatterElements: (g, [x]) => {
        const places = g.node(
          'Expand',
          [g.reshape(reversed(g, 1024), [1024, 1]), g.ints([1024, 16])],
          'int32',
          [1024, 16],
        );
        const into = g.filled(0, [1024, 16], x.dtype);
        return g.node('ScatterElements', [into, places, x], x.dtype, [1024, 16], {
          attributes: { axis: 0, reduction: 'add' },
        });
      },
    },
  },
  {
    name: 'sum over the first axis',
    inputs: [[256, 64]],
    ways: {
      ReduceSum: (g, [x]) => sum(g, x, 0),
      'product with ones': (g, [x]) =>
        g.node('MatMul', [ones(g, [1, 256], x.dtype as FloatDtype), x], x.dtype, [1, 64]),
    },
  },
  {
    name: 'sum over the last axis',
    inputs: [[256, 64]],
    ways: {
      ReduceSum: (g, [x]) => sum(g, x, 1),
      'product with ones': (g, [x]) =>
        g.node('Gemm', [ones(g, [1, 64], x.dtype as FloatDtype), x], x.dtype, [1, 256], { attributes: { transB: 1 } }),
    },
  },
  {
    name: 'greatest of four, NaN kept',
    inputs: [[4096, 4]],
    ways: {
      'ReduceMax and a look for NaN': (g, [x]) => {
        const found = g.node('ReduceMax', [x, g.ints([1])], x.dtype, [4096], { attributes: { keepdims: 0 } });
        const nan = g.anyOver(g.node('IsNaN', [x], 'bool', [4096, 4]), [1]);
        return g.node('Where', [nan, g.scalar(Number.NaN, x.dtype), found], x.dtype, [4096]);
      },
      'Split and Max': (g, [x]) => g.node('Max', g.split(x, 1), x.dtype, [4096, 1]),
    },
  },
  windows(256, 32, 1),
  windows(32, 32, 8),
  windows(4, 18, 512),
  middleSum(16384, 2, 16),
  middleSum(2048, 4, 4),
  middleSum(512, 64, 16),
  transpose([64, 64, 64], [2, 1, 0]),
  transpose([32, 16, 16, 32], [1, 0, 3, 2]),
  transpose([256, 1024], [1, 0]),
  ...RESIZED.map((shape) => resize(...shape)),
  ...RESIZED.map((shape) => resizeBack(...shape)),
];

const load = (g: GraphBuilder, inputs: readonly Tensor[], output: Tensor): Promise<InferenceSession> =>
  ort.InferenceSession.create(
    encodeModel({ nodes: g.nodes, initializers: g.initializers, inputs, outputs: [output] }),
    { intraOpNumThreads: 1, graphOptimizationLevel: 'disabled', enableMemPattern: false, logSeverityLevel: 3 },
  );

/** How long each way is run. */
const MILLISECONDS = 200;

/** Microseconds of the fastest run. */
const fastest = async (shapes: readonly Shape[], dtype: FloatDtype, build: Build): Promise<number> => {
  const g = new GraphBuilder();
  const inputs = shapes.map((shape, k) => g.input(`input${k}`, dtype, shape));
  const output = build(g, inputs);
  const session = await load(g, inputs, output);
  const feeds = Object.fromEntries(
    inputs.map(({ name, shape }) => {
      const data = allocate(dtype, sizeOf(shape)).map((_, i) => Math.sin(i));
      return [name, new ort.Tensor(dtype, data as never, shape)];
    }),
  );
  let least = Number.POSITIVE_INFINITY;
  for (const end = performance.now() + MILLISECONDS; performance.now() < end; ) {
    const began = performance.now();
    await session.run(feeds, [output.name]);
    least = Math.min(least, performance.now() - began);
  }
  await session.release();
  return least * 1000;
};

export const main = async ([wanted = '']: string[]): Promise<void> => {
  const overhead = await fastest([[1]], 'float32', (g, [x]) => g.node('Neg', [x], 'float32', [1]));
  for (const { name, inputs, ways } of FACTS.filter((fact) => fact.name.includes(wanted))) {
    const size = Math.max(...inputs.map(sizeOf));
    console.log(name);
    for (const dtype of ['float32', 'float64'] as const) {
      for (const [way, build] of Object.entries(ways)) {
        const time = Math.max(0, (await fastest(inputs, dtype, build)) - overhead);
        console.log(`  ${dtype}  ${((time * 1000) / size).toFixed(2).padStart(7)} ns  ${way}`);
      }
    }
  }
};
