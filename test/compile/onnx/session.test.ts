/** Loading and running artifacts: programs at the edges, shared memory, errors, memory that is given back, threads. */

import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { compileProgram } from '../../../src/compile/compile.ts';
import { loadArtifact } from '../../../src/compile/load.ts';
import { DiffopsError } from '../../../src/errors.ts';
import type { Aval, Value } from '../../../src/ir/aval.ts';
import type { Atom, Program } from '../../../src/ir/program.ts';
import type { Ops } from '../../../src/primitives/ops.ts';
import { newOps } from '../../../src/primitives/table.ts';
import { given } from '../../primitives/support.ts';
import { compareEngines, runOnnx } from '../support.ts';

const F32_3: Aval = { shape: [3], dtype: 'float32' };

const program = (inputs: readonly Aval[], outputs: (ops: Ops, vars: readonly Atom[]) => Atom[]): Program => {
  const ops = newOps();
  return ops.build(
    outputs(
      ops,
      inputs.map((aval) => ops.input(aval)),
    ),
  );
};

const x = given([3], [1, 2, 3], 'float32');

describe('a program', () => {
  it.each<[string, Program, Value[]]>([
    ['without equations', program([F32_3], (_, [a]) => [a]), [x]],
    ['with an output twice', program([F32_3], (ops, [a]) => [ops.neg(a), ops.neg(a), a, a]), [x]],
    ['with an input that nothing uses', program([F32_3, F32_3], (ops, [, b]) => [ops.mul(b, 2)]), [x, x]],
    [
      'with literals for outputs',
      program([], (ops) => [ops.literal(7, [2, 2], 'int32'), ops.literal(1, [], 'bool')]),
      [],
    ],
    ['with large literals', program([], (ops) => [ops.literal(-0, [300, 300], 'float64')]), []],
    ['without outputs', program([F32_3], () => []), [x]],
    ['of scalars', program([{ shape: [], dtype: 'float64' }], (ops, [a]) => [ops.mul(a, a)]), [given([], [3])]],
    ['that broadcasts at the end', program([F32_3], (ops, [a]) => [ops.broadcast(a, [2, 3, 4], [1])]), [x]],
    ['that reshapes at the end', program([F32_3], (ops, [a]) => [ops.reshape(ops.neg(a), [3, 1])]), [x]],
    [
      'that reshapes an output and gives both',
      program([F32_3], (ops, [a]) => [ops.neg(a), ops.reshape(ops.neg(a), [3, 1]), ops.reshape(a, [1, 3])]),
      [x],
    ],
  ])('%s', async (_name, p, inputs) => {
    expect(await compareEngines(p, inputs, 0)).toBeUndefined();
  });

  it('with empty arrays', async () => {
    const p = program([{ shape: [0, 3], dtype: 'float32' }, F32_3], (ops, [a, b]) => [
      a,
      ops.mul(a, 2),
      ops.sum(a, [0]),
      ops.reduceMax(a, [0]),
      ops.concat([a, ops.reshape(b, [1, 3])], 0),
      ops.pad(a, [2, 0], [0, 0], [0, 0], 5),
      ops.dot(a, a, { lhs: [0, 1], rhs: [0, 2], out: [1, 2] }),
      ops.slice(b, [1], [1]),
    ]);
    expect(await compareEngines(p, [given([0, 3], [], 'float32'), x], 0)).toBeUndefined();
  });
});

describe('an executable', () => {
  const p = program([F32_3], (ops, [a]) => [ops.mul(a, a)]);

  it('takes memory that threads share, and leaves its inputs alone', async () => {
    const data = new Float32Array(new SharedArrayBuffer(12));
    data.set([1, 2, 3]);
    const [result] = await runOnnx(p, [{ ...F32_3, data }]);
    expect([...result.data]).toEqual([1, 4, 9]);
    expect([...data]).toEqual([1, 2, 3]);
  });

  it('gives memory of its own with each run', async () => {
    const executable = await loadArtifact(compileProgram(p, 'onnx'), { threads: 1 });
    const [first] = await executable.run([x]);
    const [second] = await executable.run([given([3], [2, 2, 2], 'float32')]);
    await executable.dispose();
    expect([...first.data]).toEqual([1, 4, 9]);
    expect([...second.data]).toEqual([4, 4, 4]);
  });

  it('computes into arrays of the caller, and the engine allocates none', async () => {
    const size = 1 << 20;
    const large: Aval = { shape: [size], dtype: 'float32' };
    const square = program([large], (ops, [a]) => [ops.mul(a, a), ops.add(a, 1)]);
    const executable = await loadArtifact(compileProgram(square, 'onnx'), { threads: 1 });
    const into = [new Float32Array(size), new Float32Array(size)];
    const value = { ...large, data: new Float32Array(size).fill(3) };
    await executable.run([value], into);
    const before = process.memoryUsage().arrayBuffers;
    const results = await executable.run([value], into);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(size);
    // The arrays themselves; comparing their elements one by one takes the test's time.
    expect(results.every(({ data }, k) => data === into[k])).toBe(true);
    expect([into[0][size - 1], into[1][size - 1]]).toEqual([9, 4]);
    await executable.dispose();
  });

  it('is compiled once per structure', () => {
    const again = program([F32_3], (ops, [a]) => [ops.mul(a, a)]);
    expect(compileProgram(again, 'onnx')).toBe(compileProgram(p, 'onnx'));
    expect(compileProgram(p, 'interpret').key).not.toBe(compileProgram(p, 'onnx').key);
  });

  it('says which primitive failed', async () => {
    const executable = await loadArtifact(compileProgram(p, 'onnx'), { threads: 1 });
    const wrong = given([4], [1, 2, 3, 4], 'float32');
    const error = await executable.run([wrong]).catch((thrown) => thrown);
    await executable.dispose();
    expect(error).toBeInstanceOf(DiffopsError);
    expect(error.code).toBe('INTERNAL');
    await expect(executable.run([x])).rejects.toThrow('disposed');
    const broken = { ...compileProgram(p, 'onnx'), model: new Uint8Array([1, 2, 3]) };
    await expect(loadArtifact(broken, { threads: 1 })).rejects.toThrow(DiffopsError);
  });
});

/** Runs an artifact in a thread of its own, which ends after it has answered. */
const inThread = (source: string): Promise<number[]> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(source, { eval: true });
    let answer: number[] = [];
    worker.on('message', (message) => {
      answer = message;
    });
    worker.on('error', reject);
    worker.on('exit', () => resolve(answer));
  });

describe('threads', () => {
  const model = compileProgram(
    program([F32_3], (ops, [a]) => [ops.unary('exp', a)]),
    'onnx',
  ).model as Uint8Array;
  // Plain JavaScript against the engine itself: what the pool's workers do with it, without their sources.
  const source = `
    const { parentPort } = require('node:worker_threads');
    const ort = require('onnxruntime-node');
    (async () => {
      const session = await ort.InferenceSession.create(Uint8Array.from([${[...model]}]), { intraOpNumThreads: 1 });
      const x = new ort.Tensor('float32', new Float32Array([0, 1, 2]), [3]);
      const name = session.outputNames[1];
      let data;
      for (let i = 0; i < 20; i++) data = (await session.run({ input0: x }, [name]))[name].data;
      await session.release();
      parentPort.postMessage([...data]);
    })();`;

  it('may load the engine side by side and one after another', async () => {
    const expected = [1, Math.E, Math.E ** 2].map((v) => expect.closeTo(v, 5));
    for (let round = 0; round < 4; round++) {
      const answers = await Promise.all([1, 2, 3].map(() => inThread(source)));
      for (const answer of answers) expect(answer).toEqual(expected);
    }
  });
});
