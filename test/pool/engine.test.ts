/** The pool with the real engines: the same numbers everywhere, and native code that no ending of a thread upsets. */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { compileProgram } from '../../src/compile/compile.ts';
import { loadArtifact } from '../../src/compile/load.ts';
import { InProcess, type Runner } from '../../src/pool/in-process.ts';
import { Pool } from '../../src/pool/pool.ts';
import { newOps } from '../../src/primitives/table.ts';
import { engineJob } from './engine-job.mjs';
import { matrixFor } from './stub.mjs';

const modules = { newOps, compileProgram };

const resultOf = async (runner: Runner, job: ReturnType<typeof engineJob>): Promise<Float32Array | Float64Array> => {
  const { data, sink } = matrixFor(job);
  await runner.run(job, { sink });
  await runner.close();
  return data;
};

test.each(['float32', 'float64'] as const)(
  '%s: one, two threads and none agree bitwise; the evaluator to rounding',
  async (dtype) => {
    const job = engineJob(modules, { dtype, width: 7 });
    const local = await resultOf(new InProcess(loadArtifact), job);
    for (const workers of [1, 2]) expect(await resultOf(new Pool({ workers }), job)).toEqual(local);
    const interpreted = engineJob(modules, { dtype, width: 7, engine: 'interpret' });
    const plain = await resultOf(new InProcess(loadArtifact), interpreted);
    expect(await resultOf(new Pool({ workers: 2 }), interpreted)).toEqual(plain);
    const error = Math.max(...Array.from(local, (v, i) => Math.abs(v - plain[i])));
    expect(error).toBeLessThan(dtype === 'float64' ? 1e-13 : 1e-5);
    expect(local).not.toContain(0);
  },
);

// In a process of its own, whose main thread has no session: this one has had some.
test('threads with live sessions die and are replaced, pools are closed and made again', () => {
  const script = fileURLToPath(new URL('./scripts/engine-again.mjs', import.meta.url));
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  expect({ status, signal, stdout, stderr }).toEqual({
    status: 0,
    signal: null,
    stdout: 'deaths 0 3 0 3\n',
    stderr: '',
  });
});

describe('a process that ends while ONNX Runtime is at work ends with its own code', () => {
  const script = fileURLToPath(new URL('./scripts/engine-exit.mjs', import.meta.url));
  test.each([
    ['exit', 0],
    ['exit', 13],
    ['close', 7],
    ['exit', -90],
    ['close', -110],
  ])('%s after %i ms', (how, ms) => {
    const { status, signal, stderr } = spawnSync(process.execPath, [script, String(ms), how], { encoding: 'utf8' });
    expect({ status, signal, stderr }).toEqual({ status: 9, signal: null, stderr: '' });
  });
});
