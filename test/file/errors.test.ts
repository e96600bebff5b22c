/** What can go wrong with a file is a typed error; what can be known before any work is refused before it. */

import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statfsSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, describe, expect, test } from 'vitest';
import { createRuntime, DiffopsError, hessian, hessianBlocks, jacobian, prepareHessian } from '../../src/index.ts';
import { N, problem } from '../children/to-file-problem.mjs';
import { root } from '../support/sources.ts';
import { runNode } from '../support/spawn.ts';
import { newFolder } from './folder.ts';
import { chain } from './problems.ts';

const folder = newFolder();
const isRoot = process.getuid?.() === 0;
const runtime = createRuntime({ workers: 2 });
afterAll(() => runtime.close());

const errorOf = async (call: Promise<unknown>): Promise<DiffopsError> => {
  const error = await call.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(DiffopsError);
  return error as DiffopsError;
};

/** A function that must not be called. */
const untouched = (): tf.Tensor => {
  throw new Error('f was called');
};

describe('before f is called', () => {
  test.each(['H.csv', 'H', '.npy', 'folder/.zarr', '', 'H.npy/', 3, null])('out: %j', async (out) => {
    const { code, message } = await errorOf(hessian(untouched, chain.x(), { out } as never));
    expect([code, message]).toEqual(['OPTION', expect.stringMatching(/^out is .*\.npy or \.zarr/)]);
  });

  test('a folder that is not there, or is none', async () => {
    const missing = await errorOf(jacobian(untouched, chain.x(), { out: folder.path('none/J.npy') }));
    expect([missing.code, missing.fields.errno]).toEqual(['FILE', 'ENOENT']);
    expect(missing.message).toMatch(/none\/J\.npy can't be written: its folder is not there\. Make it/);
    writeFileSync(folder.path('file'), '');
    const file = await errorOf(hessian(untouched, chain.x(), { out: folder.path('file/H.zarr') }));
    expect([file.code, file.fields.errno]).toEqual(['FILE', 'ENOTDIR']);
  });

  test.each(['npy', 'zarr'])('a %s that is there', async (format) => {
    const out = folder.path(`there.${format}`);
    writeFileSync(out, 'mine');
    for (const resume of [false, true]) {
      const { code, fields, message } = await errorOf(hessian(untouched, chain.x(), { out, resume }));
      expect([code, fields.errno]).toEqual(['FILE', 'EEXIST']);
      expect(message).toMatch(/is there already/);
    }
    expect(readFileSync(out, 'utf8')).toBe('mine');
  });

  test.each(['npy', 'zarr'])('a link named .%s that leads nowhere', async (format) => {
    const out = folder.path(`link.${format}`);
    symlinkSync('nowhere', out);
    expect((await errorOf(hessian(untouched, chain.x(), { out }))).fields.errno).toBe('EEXIST');
    expect(readlinkSync(out)).toBe('nowhere');
  });

  test('names that can’t be', async () => {
    const long = await errorOf(hessian(untouched, chain.x(), { out: folder.path(`${'x'.repeat(248)}.npy`) }));
    expect([long.code, long.fields.errno]).toEqual(['FILE', 'ENAMETOOLONG']);
    expect(long.message).toMatch(/its name is too long, with \.partial or \.journal behind it\. Give a shorter one\./);
    expect((await errorOf(hessian(untouched, chain.x(), { out: folder.path('a\0b.npy') }))).code).toBe('FILE');
    mkdirSync(folder.path('d.npy.journal'));
    expect((await errorOf(hessian(untouched, chain.x(), { out: folder.path('d.npy'), resume: true }))).code).toBe(
      'FILE',
    );
  });

  test('out where many matrices or blocks are given', async () => {
    const options = { out: folder.path('H.npy') } as never;
    expect(await errorOf(prepareHessian(untouched, chain.x(), options))).toMatchObject({ code: 'OPTION' });
    const next = hessianBlocks(untouched, chain.x(), options)[Symbol.asyncIterator]().next();
    expect((await errorOf(next)).message).toMatch(/hessian\(f, x, \{ out \}\) writes a file/);
  });
});

/** Runs `to-file.mjs` under a shell's limits; gives what it says of its error. */
const underLimits = (setup: string, out: string): string => {
  const asked = JSON.stringify({ out, options: {}, killAfter: 1e9 });
  const command = `${setup}; exec "${process.execPath}" "${join(root, 'test/children/to-file.mjs')}" '${asked}'`;
  const { stderr } = spawnSync('bash', ['-c', command], { encoding: 'utf8', timeout: 60_000 });
  return stderr;
};

describe.skipIf(process.platform === 'win32')('what the system refuses', { timeout: 60_000 }, () => {
  test('no permission', () => {
    const closed = folder.path('closed');
    mkdirSync(closed, { mode: 0o555 });
    // Root may write anywhere, and so becomes someone else.
    const become = isRoot ? 'process.setgid(65534); process.setuid(65534);' : '';
    const program = `
      ${become}
      const { hessian } = await import(${JSON.stringify(join(root, 'dist/src/index.js'))});
      await hessian(() => { throw new Error('called'); }, [1], { out: ${JSON.stringify(join(closed, 'H.npy'))} })
        .catch(({ code, fields, message }) => console.log(code, fields.errno, message));`;
    const { stdout, stderr } = runNode(['--input-type=module', '-e', program]);
    expect(stderr).toBe('');
    // Nobody may not even look into a folder of root's.
    expect(stdout).toMatch(/^FILE EACCES .*H\.npy can't be written: that is not permitted/);
  });

  test('a file larger than files may be', () => {
    const out = folder.path('big.npy');
    expect(underLimits('ulimit -f 1000', out)).toMatch(/big\.npy can't be made: it would be larger than files may be/);
    expect(folder.names().filter((name) => name.startsWith('big'))).toEqual([]);
  });
});

/** A small disk of its own, where one can be made. */
const disk = folder.path('disk');
mkdirSync(disk);
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk], { encoding: 'utf8' });
const noDisk = mounted.status !== 0;
if (noDisk) console.warn(`skipped: no small disk can be made (${mounted.error?.message ?? mounted.stderr.trim()})`);
afterAll(() => {
  if (!noDisk) spawnSync('umount', ['-l', disk]);
});

describe.skipIf(noDisk)('a full disk', { timeout: 60_000 }, () => {
  const ballast = join(disk, 'ballast');
  const { f, x } = problem();
  const options = { nbatches: 30, data: 1 };

  test('is refused beforehand, where that can be told', async () => {
    writeFileSync(ballast, new Uint8Array(2 ** 21));
    const { code, fields, message } = await errorOf(runtime.hessian(f, x, { ...options, out: join(disk, 'H.npy') }));
    expect([code, fields.errno, fields.bytes]).toEqual(['FILE', 'ENOSPC', 4 * N * N]);
    expect(message).toMatch(/needs 3240000 bytes more, but its disk has \d+ left/);
    expect(existsSync(join(disk, 'H.npy.partial'))).toBe(false);
    rmSync(ballast);
  });

  /** Takes all room but some, as soon as the file is begun: its thread has not even started then. */
  const fillUp = async (out: string, left: number): Promise<void> => {
    while (!existsSync(`${out}.partial`)) await new Promise((resolve) => setImmediate(resolve));
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(ballast, new Uint8Array(bavail * bsize - left));
  };

  test.each(['npy', 'zarr'])('in the middle keeps what is done of a %s, for resume', async (format) => {
    const [out, same] = [join(disk, `M.${format}`), folder.path(`same.${format}`)];
    const weights = tf.randomUniform([N, N], -0.1, 0.1, 'float32', 1);
    const square = (v: tf.Tensor): tf.Tensor => tf.tanh(weights.matMul(v.reshape([N, 1]))).reshape([N]);
    // Rows take their room one after the other.
    const call = (path: string, resume: boolean) =>
      runtime.jacobian(square, x, { mode: 'reverse', nbatches: 30, out: path, resume });
    const [error] = await Promise.all([errorOf(call(out, false)), fillUp(out, 1.5 * 2 ** 20)]);
    expect([error.code, error.fields.errno]).toEqual(['FILE', 'ENOSPC']);
    expect(error.message).toMatch(/can't be written: the disk is full\. Free some space; .* resume: true/);
    expect(existsSync(out)).toBe(false);
    rmSync(ballast);
    const { J } = await call(out, true);
    const whole = await call(same, false);
    expect((await J.block([0, N], [0, N])).data).toEqual((await whole.J.block([0, N], [0, N])).data);
    rmSync(out, { recursive: true });
  });
});

describe('runs that end early', () => {
  const { f, x } = problem();
  const options = { nbatches: 30, data: 1 };

  test.each(['npy', 'zarr'])('an abort of %s rejects with the reason, and can be taken up', async (format) => {
    const out = folder.path(`abort.${format}`);
    const controller = new AbortController();
    const reason = { why: 'enough' };
    const journal = `${out}.journal`;
    const onProgress = (): void => {
      if (existsSync(journal) && readFileSync(journal, 'utf8').includes('"crc"')) controller.abort(reason);
    };
    const run = runtime.hessian(f, x, { ...options, out, onProgress, signal: controller.signal });
    expect(await run.catch((thrown: unknown) => thrown)).toBe(reason);
    expect(existsSync(out)).toBe(false);
    await expect(runtime.hessian(f, x, { ...options, out })).rejects.toThrow(/resume: true goes on/);
    await runtime.hessian(f, x, { ...options, out, resume: true });
    expect(existsSync(journal)).toBe(false);
  });

  test('before anything is written, nothing is left', async () => {
    const out = folder.path('early.npy');
    const controller = new AbortController();
    const run = runtime.hessian(f, x, { ...options, out, signal: controller.signal });
    setImmediate(() => controller.abort());
    await expect(run).rejects.toThrow();
    expect(folder.names().filter((name) => name.startsWith('early'))).toEqual([]);
  });

  test.skipIf(process.platform !== 'linux')('no file is left open, and no thread', { timeout: 60_000 }, async () => {
    const counts = (): [number, number] => [readdirSync('/proc/self/fd').length, readdirSync('/proc/self/task').length];
    const calls = async (): Promise<void> => {
      for (const format of ['npy', 'zarr']) {
        const out = folder.path(`counted.${format}`);
        const controller = new AbortController();
        const run = runtime.hessian(f, x, { ...options, out, signal: controller.signal });
        setTimeout(() => controller.abort(), 40);
        await run.catch(() => {});
        rmSync(out, { recursive: true, force: true });
        const { H } = await runtime.hessian(f, x, { ...options, out, resume: true });
        await H.row(3);
        await H.row(-1).catch(() => {});
        rmSync(out, { recursive: true });
        await H.row(3).then(
          () => expect.unreachable(),
          (error) => expect(error).toMatchObject({ code: 'FILE', fields: { errno: 'ENOENT' } }),
        );
      }
    };
    await calls();
    const before = counts();
    await calls();
    expect(counts()).toEqual(before);
  });

  test('two calls for one file: the second is refused, the first goes on', async () => {
    const out = folder.path('twice.npy');
    const first = runtime.hessian(f, x, { ...options, out });
    await expect(runtime.hessian(f, x, { ...options, out, resume: true })).rejects.toMatchObject({ code: 'FILE' });
    expect((await first).H.path).toBe(out);
  });

  test('closing the runtime rejects with CLOSED and leaves no thread', async () => {
    const own = createRuntime({ workers: 2 });
    const run = own.hessian(f, x, { ...options, out: folder.path('closed.npy') });
    setTimeout(() => own.close(), 20);
    await expect(run).rejects.toMatchObject({ code: 'CLOSED' });
    await own.close();
  });

  test('what isn’t finite ends the run; checkFinite: false takes it up', async () => {
    const out = folder.path('spoiled.npy');
    // Where the second derivative of one element is infinite, its row is not a number in the other columns.
    const point = Float32Array.from({ length: 700 }, (_, k) => (k === 450 ? 0 : k + 1));
    const root = (v: tf.Tensor): tf.Tensor => tf.sum(tf.add(tf.pow(v, 0.5), v.square().sum().square()));
    const wanted = await errorOf(runtime.hessian(root, point, { nbatches: 30 }));
    for (const resume of [false, true]) {
      const { code, fields } = await errorOf(runtime.hessian(root, point, { nbatches: 30, out, resume }));
      expect([code, fields]).toEqual(['NON_FINITE', wanted.fields]);
    }
    const { H } = await runtime.hessian(root, point, { nbatches: 30, out, resume: true, checkFinite: false });
    const held = await runtime.hessian(root, point, { nbatches: 30, checkFinite: false });
    for (const i of [0, 449, 450, 699]) expect(await H.row(i)).toEqual(held.H.row(i).slice());
  });
});
