/** Whatever is wrong with a call is refused with its code, and the same runtime computes a right answer afterwards. */

import * as tf from '@tensorflow/tfjs';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createRuntime, DiffopsError, float64 } from '../src/index.ts';

type T = tf.Tensor;
type Runtime = ReturnType<typeof createRuntime>;

let runtime: Runtime;
let tensors = 0;
const x = () => Float64Array.of(1, 2, 3);
const cube = (v: T): T => tf.sum(tf.pow(v, 3));

beforeAll(async () => {
  await tf.setBackend('cpu');
  runtime = createRuntime({ workers: 1 });
  tensors = tf.memory().numTensors;
});

afterEach(async () => {
  const { H } = await runtime.hessian(cube, x());
  expect([...H.data]).toEqual([6, 0, 0, 0, 12, 0, 0, 0, 18]);
  expect(tf.memory().numTensors, 'tensors left behind').toBe(tensors);
});

afterAll(() => runtime.close());

/** What a call rejects with; it must be a DiffopsError. */
const refusal = async (call: () => Promise<unknown>): Promise<DiffopsError> => {
  const thrown = await call().then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(DiffopsError);
  return thrown as DiffopsError;
};

/** `f`, `x` and options typed away: here they are wrong on purpose. */
const call = (kind: 'hessian' | 'jacobian', f: unknown, point: unknown, options?: unknown): Promise<unknown> =>
  kind === 'hessian'
    ? runtime.hessian(f as never, point, options as never)
    : runtime.jacobian(f as never, point, options as never);

const expectRefused = async (
  code: string,
  message: RegExp,
  f: unknown,
  point: unknown,
  options?: unknown,
  kind: 'hessian' | 'jacobian' = 'hessian',
): Promise<DiffopsError> => {
  const error = await refusal(() => call(kind, f, point, options));
  expect(error.code, error.message).toBe(code);
  expect(error.message).toMatch(message);
  return error;
};

describe('nbatches', () => {
  const values = [0, -1, 1.5, 4, Number.NaN, '3', Number.POSITIVE_INFINITY, null, true, [2], 2n];
  test.each(values.map((nbatches) => ({ nbatches })))('$nbatches', async ({ nbatches }) => {
    for (const kind of ['hessian', 'jacobian'] as const) {
      const f = vi.fn(cube);
      await expectRefused('NBATCHES', /nbatches/, f, x(), { nbatches }, kind);
      expect(f, 'options are refused before f is called').not.toHaveBeenCalled();
    }
    await expect(runtime.prepareHessian(cube, x(), { nbatches: nbatches as never })).rejects.toMatchObject({
      code: 'NBATCHES',
    });
    const blocks = runtime.hessianBlocks(cube, x(), { nbatches: nbatches as never });
    await expect(blocks[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'NBATCHES' });
    // Its plan rejects too, and nobody need handle it.
    await expect(blocks.plan).rejects.toMatchObject({ code: 'NBATCHES' });
  });

  test('counts rows in reverse mode', async () => {
    const f = (v: T): T => tf.concat([v, tf.square(v)]);
    await expectRefused('NBATCHES', /nbatches.*6/, f, x(), { nbatches: 7, mode: 'reverse' }, 'jacobian');
    const { J } = await runtime.jacobian(f, x(), { nbatches: 6, mode: 'reverse' });
    expect([...(J as unknown as { data: Float64Array }).data.slice(9)]).toEqual([2, 0, 0, 0, 4, 0, 0, 0, 6]);
  });
});

describe('options', () => {
  const wrong: [string, unknown, string, RegExp][] = [
    ['an unknown name', { nbatch: 3 }, 'OPTION', /nbatch\b/],
    ['a name of another case', { Jit: true }, 'OPTION', /Jit/],
    ['not an object', 8, 'OPTION', /options/],
    ['jit', { jit: 'yes' }, 'OPTION', /jit/],
    ['checkpoint', { checkpoint: 1 }, 'OPTION', /checkpoint/],
    ['precision', { precision: 'float16' }, 'OPTION', /precision.*float16/],
    ['symmetric', { symmetric: 0 }, 'OPTION', /symmetric/],
    ['mode, which is of jacobian', { mode: 'forward' }, 'OPTION', /mode/],
    ['checkFinite', { checkFinite: null }, 'OPTION', /checkFinite/],
    ['workers', { workers: 0 }, 'OPTION', /workers/],
    ['threadsPerWorker', { threadsPerWorker: 1.5 }, 'OPTION', /threadsPerWorker/],
    ['signal', { signal: {} }, 'OPTION', /signal/],
    ['onProgress', { onProgress: 'log' }, 'OPTION', /onProgress/],
    ['memoryLimit', { memoryLimit: '2' }, 'OPTION', /memoryLimit/],
    ['out', { out: 'H.csv' }, 'OPTION', /out is 'H\.csv'.*npy/],
    ['out without a name', { out: '.npy' }, 'OPTION', /out/],
    ['resume without out', { resume: true }, 'OPTION', /resume/],
    ['sparsity, which comes later', { sparsity: 'auto' }, 'OPTION', /sparsity/],
    ['a device that nobody has', { device: 'tpu' }, 'DEVICE', /tpu.*tensorflow/],
    ['a device that does not exist', { device: 'abacus' }, 'DEVICE', /abacus/],
  ];
  test.each(wrong)('%s', async (_, options, code, message) => {
    const f = vi.fn(cube);
    await expectRefused(code, message, f, x(), options);
    expect(f).not.toHaveBeenCalled();
  });

  test('createRuntime refuses its own', () => {
    expect(() => createRuntime({ workers: -1 })).toThrow(DiffopsError);
    expect(() => createRuntime({ nbatches: 3 } as never)).toThrow(/nbatches/);
  });
});

describe('x', () => {
  class Layer {
    weight = 1;
  }
  const cycle: { v: number; self?: unknown } = { v: 1 };
  cycle.self = cycle;
  const disposed = () => {
    const t = tf.tensor1d([1, 2]);
    t.dispose();
    return t;
  };
  const cases: [string, () => unknown, RegExp][] = [
    ['an empty array', () => [], /element/],
    ['an empty object', () => ({}), /element/],
    ['null', () => null, /element/],
    ['a nest of nothing', () => ({ a: [null, {}], b: new Float32Array(0) }), /element/],
    ['undefined', () => undefined, /x/],
    ['an int32 tensor', () => ({ a: { b: tf.tensor1d([1, 2], 'int32') } }), /x\.a\.b.*int32/s],
    ['a bool tensor', () => [1, tf.tensor1d([true, false], 'bool')], /x\[1\].*bool/s],
    ['a string tensor', () => [tf.tensor1d(['a', 'b'])], /x\[0\].*string/s],
    ['a complex tensor', () => [tf.complex([1], [2])], /x\[0\].*complex/s],
    ['a disposed tensor', () => ({ layers: [{ bias: disposed() }] }), /x\.layers\[0\]\.bias.*disposed/s],
    ['a string', () => ({ rate: '0.5' }), /x\.rate/],
    ['a boolean', () => ({ on: true }), /x\.on/],
    ['a bigint', () => [1n], /x\[0\]/],
    ['an Int32Array', () => ({ v: Int32Array.of(1) }), /x\.v.*Int32Array/s],
    ['a class instance', () => ({ layer: new Layer() }), /x\.layer.*Layer/s],
    ['a Map', () => new Map([['a', 1]]), /Map/],
    ['a function', () => ({ f: Math.sin }), /x\.f/],
    ['a cycle', () => cycle, /x\.self.*cycle/s],
    // biome-ignore lint/suspicious/noSparseArray: the hole is the case.
    ['a sparse array', () => [1, , 2], /x\[1\]/],
    ['NaN', () => ({ p: [1, Number.NaN] }), /x\.p\[1\].*NaN/s],
    ['Infinity', () => Float64Array.of(1, Number.POSITIVE_INFINITY), /Infinity/],
  ];
  test.each(cases)('%s', async (_, make, message) => {
    const f = vi.fn(() => tf.scalar(0));
    const point = make();
    await expectRefused('INPUT', message, f, point);
    expect(f).not.toHaveBeenCalled();
    tf.dispose(point as tf.TensorContainer);
  });

  test('data is refused by its own path', async () => {
    await expectRefused('INPUT', /data\.a/, cube, x(), { data: { a: 'text' } });
    await expectRefused('INPUT', /data\[0\].*NaN/s, cube, x(), { data: [Number.NaN] });
  });
});

describe('f', () => {
  test('returns a non-scalar to hessian', async () => {
    const error = await expectRefused('NOT_SCALAR', /\[3\].*(tf\.sum|jacobian)/s, (v: T) => tf.square(v), x());
    expect(error.fields).toEqual({ shapes: [[3]] });
    await expectRefused('NOT_SCALAR', /./, (v: T) => ({ a: tf.sum(v), b: tf.sum(v) }), x());
  });

  const returns: [string, (v: T) => unknown, RegExp][] = [
    ['nothing', () => undefined, /nothing|undefined/],
    ['null', () => null, /null/],
    ['a number', () => 3, /number/],
    ['a string', () => 'loss', /string/],
    ['an array of numbers', () => [1, 2], /number/],
    ['a promise', async (v) => tf.sum(v), /promise|async/i],
    ['an int32 tensor', (v) => tf.argMax(v), /int32/],
    ['a bool tensor', (v) => tf.all(tf.greater(v, 0)), /bool/],
  ];
  test.each(returns)('returns %s', async (_, f, message) => {
    await expectRefused('FUNCTION', message, f, x());
  });

  test('is not a function', async () => {
    for (const f of [undefined, null, 3, tf.scalar, {}].filter((v) => typeof v !== 'function')) {
      expect((await refusal(() => call('hessian', f, x()))).code).toBe('FUNCTION');
    }
  });

  test('throws: its error is the cause', async () => {
    const own = new TypeError('no such layer');
    const fail = () => {
      throw own;
    };
    const error = await expectRefused('FUNCTION', /no such layer/, fail, x());
    expect(error.cause).toBe(own);
    const odd = () => {
      throw 'no error object';
    };
    await expectRefused('FUNCTION', /no error object/, odd, x());
  });

  test('has shapes that do not fit: the error of tfjs is the cause', async () => {
    const error = await expectRefused(
      'FUNCTION',
      /./,
      (v: T) => tf.matMul(tf.reshape(v, [1, 3]), tf.ones([2, 2])),
      x(),
    );
    expect(error.cause).toBeInstanceOf(Error);
  });

  const reads: [string, (v: T) => unknown, RegExp][] = [
    ['dataSync', (v) => tf.scalar(tf.sum(v).dataSync()[0]), /dataSync/],
    ['arraySync', (v) => tf.scalar((tf.sum(v).arraySync() as number) * 2), /arraySync|dataSync/],
    ['bufferSync', (v) => tf.scalar(v.bufferSync().get(0)), /bufferSync|dataSync/],
    [
      'print',
      (v) => {
        v.print();
        return tf.sum(v);
      },
      /print|toString/,
    ],
    ['a comparison', (v) => ((tf.sum(v) as unknown as number) > 0 ? tf.sum(v) : tf.prod(v)), /tf\.where/],
    ['a template string', (v) => (`${v}`.length > 0 ? tf.sum(v) : v), /./],
    ['arithmetic on a tensor', (v) => tf.scalar((tf.sum(v) as unknown as number) * 2), /./],
    ['a tensor of tensors', (v) => tf.sum(tf.tensor([tf.sum(v), tf.prod(v)] as unknown as number[])), /tf\.stack/],
    ['a value of its own square', (v) => tf.scalar(Math.sqrt(tf.square(v).dataSync()[1])), /dataSync/],
  ];
  test.each(reads)('reads a traced value by %s', async (_, f, message) => {
    await expectRefused('CONCRETIZATION', message, f, x());
  });

  test('reads a traced value asynchronously', async () => {
    const f = (v: T) => {
      v.data().catch(() => {});
      return tf.sum(v);
    };
    expect((await refusal(() => call('hessian', f, x()))).code).toBe('CONCRETIZATION');
  });

  test('assigns a variable, which keeps its value', async () => {
    const initial = tf.scalar(7);
    const state = tf.variable(initial);
    initial.dispose();
    const f = (v: T) => {
      state.assign(tf.sum(v) as tf.Scalar);
      return tf.sum(tf.square(v));
    };
    await expectRefused('VARIABLE_ASSIGN', /assign/, f, x());
    expect(state.dataSync()[0]).toBe(7);
    state.dispose();
  });

  const random: [string, (v: T) => T][] = [
    ['randomNormal', (v) => tf.sum(tf.mul(v, tf.randomNormal([3])))],
    ['randomUniform', (v) => tf.sum(tf.mul(v, tf.randomUniform([3])))],
    ['truncatedNormal', (v) => tf.sum(tf.mul(v, tf.truncatedNormal([3])))],
    ['randomGamma', (v) => tf.sum(tf.mul(v, tf.randomGamma([3], 1)))],
    ['multinomial', (v) => tf.sum(tf.mul(v, tf.multinomial(tf.tensor1d([0.5, 0.5]), 3)))],
    ['dropout', (v) => tf.sum(tf.dropout(v, 0.5))],
  ];
  test.each(random)('draws by %s', async (_, f) => {
    await expectRefused('RANDOM', /data/, f, x());
  });

  test('uses an op that cannot be recorded', async () => {
    await expectRefused('UNSUPPORTED_OP', /unique/i, (v: T) => tf.sum(tf.unique(v).values), x());
  });
});

describe('results that are not finite', () => {
  test('are refused, with the column and its leaf', async () => {
    const point = { a: Float64Array.of(1, 2), b: Float64Array.of(0) };
    const f = ({ a, b }: { a: T; b: T }): T => tf.add(tf.sum(tf.square(a)), tf.sum(tf.sqrt(b)));
    // Forward, 0 · Inf makes NaN of the first columns too, as in JAX; which one is named is not promised.
    const error = await expectRefused('NON_FINITE', /column \d.*x\.[ab]/s, f, point);
    expect(error.fields).toHaveProperty('column');
    await expectRefused('NON_FINITE', /column/, f, point, { jit: false });
    const rows = await expectRefused('NON_FINITE', /column 2.*x\.b/s, f, point, { mode: 'reverse' }, 'jacobian');
    expect(rows.fields).toMatchObject({ column: 2 });
  });

  test('come through with checkFinite: false', async () => {
    const f = (v: T): T => tf.sum(tf.log(v));
    const { H } = await runtime.hessian(f, Float64Array.of(0, 2), { checkFinite: false });
    expect(H.get(1, 1)).toBe(-0.25);
    expect(Number.isFinite(H.get(0, 0))).toBe(false);
    const nan = await runtime.hessian(cube, Float64Array.of(Number.NaN, 2), { checkFinite: false });
    expect([nan.H.get(0, 0), nan.H.get(1, 1)]).toEqual([Number.NaN, 12]);
  });
});

test('a wrong point or data given to a prepared problem', async () => {
  const prepared = await runtime.prepareHessian((v: T, d: { w: T }) => tf.sum(tf.mul(tf.pow(v, 3), d.w)), x(), {
    data: { w: 2 },
  });
  for (const [point, options] of [
    [Float64Array.of(1, 2), undefined],
    [{ v: x() }, undefined],
    [x(), { data: { w: Float64Array.of(1, 2) } }],
    [x(), { data: { u: 1 } }],
  ]) {
    expect((await refusal(() => prepared.evaluate(point as never, options as never))).code).toBe('INPUT');
  }
  expect((await refusal(() => prepared.evaluate(x(), { nbatches: 2 } as never))).code).toBe('OPTION');
  const { H } = await prepared.evaluate(x(), { data: { w: 1 } });
  expect(H.get(2, 2)).toBe(18);
  await prepared.close();
  expect((await refusal(() => prepared.evaluate(x()))).code).toBe('CLOSED');
});

test('nothing has started a worker where that was possible', async () => {
  await using fresh = createRuntime({ workers: 2 });
  for (const bad of [
    () => fresh.hessian(cube, x(), { nbatches: 9 }),
    () => fresh.hessian(cube, [] as never),
    () => fresh.hessian((v: T) => tf.square(v), x()),
    () => fresh.hessian((v: T) => tf.scalar(v.dataSync()[0]), x()),
  ]) {
    expect(await refusal(bad)).toBeInstanceOf(DiffopsError);
  }
  expect(fresh.stats().threads).toEqual([]);
});

test('float64 refuses what is no array of numbers', () => {
  expect(() => float64([[1, 2], [3]])).toThrow(DiffopsError);
  expect(() => float64([1, 2, 3], [2, 2])).toThrow(/shape/);
  expect(() => float64('1' as never)).toThrow(DiffopsError);
});
