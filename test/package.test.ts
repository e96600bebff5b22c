/** The package as it would be published, in a project outside of the repository: it loads, runs and has its types. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from './support/sources.ts';
import { compile, runNode } from './support/spawn.ts';

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
};
const project = realpathSync(mkdtempSync(join(tmpdir(), 'diffops-package-')));
const installed = join(project, 'node_modules', 'diffops');
/** Paths in the tarball. */
let packed: string[] = [];

const link = (name: string): void => {
  const path = join(project, 'node_modules', name);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(join(root, 'node_modules', name), path, 'junction');
};

const run = (command: string, args: string[], cwd: string): string => {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  expect(stderr.match(/npm error.*/g) ?? []).toEqual([]);
  expect(status).toBe(0);
  return stdout;
};

beforeAll(() => {
  const answer = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', project], root)) as unknown;
  const [{ filename, files }] = Object.values(answer as object) as { filename: string; files: { path: string }[] }[];
  packed = files.map(({ path }) => path);
  mkdirSync(installed, { recursive: true });
  run('tar', ['-xzf', filename, '-C', installed, '--strip-components=1'], project);
  for (const name of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })) link(name);
  for (const name of ['@tensorflow/tfjs', '@types/node']) link(name);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'consumer', type: 'module' }));
}, 120_000);

afterAll(() => rmSync(project, { recursive: true, force: true }));

const PROGRAM = `
import * as tf from '@tensorflow/tfjs';
import { createRuntime, devices, type FileMatrix, DiffopsError, float64, hessian, hessianToPytree, jacobian, NdArray, type Report } from 'diffops';

const x = { a: float64([1, 2]), b: 3 };
const f = (p: { a: tf.Tensor; b: tf.Tensor }) => p.a.square().sum().mul(p.b);
const { H, unflatten, report } = await hessian(f, x, { nbatches: 2 });
const block: NdArray = hessianToPytree(H, x).a.b;
const back: { a: NdArray; b: number } = unflatten(H.row(0));
const seen: Report = report;

const { J } = await jacobian((p: tf.Tensor) => ({ twice: p.mul(2), square: p.square() }), tf.tensor1d([1, 2]));
const square: readonly number[] = J.square.shape;

const written = await hessian(f, x, { out: 'H.npy' });
const inFile: FileMatrix = written.H;
const trees = await jacobian((p: tf.Tensor) => ({ twice: p.mul(2) }), tf.tensor1d([1, 2]), { out: 'J.npy', mode: 'forward' });
const twice: FileMatrix = trees.J.twice;
// @ts-expect-error: it isn't held
const held = inFile.data;

const runtime = createRuntime({ workers: 2 });
const threaded = await runtime.hessian(f, x, { nbatches: 3 });
await runtime.close();

// @ts-expect-error: no such option
const refused = await hessian(f, x, { batches: 2 }).catch((error: unknown) => error);
// @ts-expect-error: not a tree
const untyped = hessian(f, 'x').catch(() => {});
await untyped;

console.log(JSON.stringify({
  H: H.toArray(),
  block: [...block.data],
  back: [[...back.a.data], back.b],
  precision: seen.precision,
  square,
  threaded: threaded.H.toArray(),
  threads: threaded.report.threads.length,
  refused: refused instanceof DiffopsError ? refused.code : 'something else',
  cpu: (await devices())[0].name,
  inFile: [...(await inFile.row(2))],
  twice: [...(await twice.block([0, 2], [1, 2])).data],
  held,
}));
`;

describe('the packed package', () => {
  it('holds the library, its workers and nothing else', () => {
    const strangers = packed.filter(
      (path) => !/^(dist\/(src|workers)\/.*\.(js|d\.ts|js\.map)|package\.json|README\.md|LICENSE)$/.test(path),
    );
    expect(strangers).toEqual([]);
    expect(packed).toEqual(
      expect.arrayContaining([
        'dist/src/index.js',
        'dist/src/index.d.ts',
        'dist/workers/tile-worker.js',
        'dist/workers/file-writer.js',
      ]),
    );
  });

  it('depends on nothing that it does not name', () => {
    const named = new Set(Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }));
    const imported = packed
      .filter((path) => path.endsWith('.js') || path.endsWith('.d.ts'))
      .flatMap((path) => [
        ...readFileSync(join(installed, path), 'utf8').matchAll(/\bfrom '([^'.][^']*)'|\bimport\('([^'.][^']*)'\)/g),
      ])
      .map(([, name, dynamic]) => name ?? dynamic)
      .filter((name) => !name.startsWith('node:'))
      .map((name) => name.match(/^(@[^/]+\/)?[^/]+/)?.[0] ?? name);
    expect([...new Set(imported)].filter((name) => !named.has(name))).toEqual([]);
  });

  it('gives a strict TypeScript program its types, and runs in it', () => {
    writeFileSync(join(project, 'consumer.ts'), PROGRAM);
    const compilerOptions = {
      target: 'es2022',
      lib: ['es2022', 'dom'],
      module: 'nodenext',
      types: [],
      strict: true,
      skipLibCheck: true,
      rootDir: '.',
    };
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }));
    expect(compile(project)).toEqual({ status: 0, stdout: '', stderr: '' });
    const { status, stdout, stderr } = runNode(['consumer.js'], { cwd: project });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const H = [
      [6, 0, 2],
      [0, 6, 4],
      [2, 4, 0],
    ];
    expect(JSON.parse(stdout)).toMatchObject({
      H,
      block: [2, 4],
      back: [[6, 0], 2],
      precision: 'float64',
      square: [2, 2],
      threaded: H,
      refused: 'OPTION',
      cpu: 'cpu',
      inFile: [2, 4, 0],
      twice: [0, 2],
    });
  }, 60_000);
});

describe('the lockfile', () => {
  it('names no registry, so that everyone installs from their own', () => {
    const lockfile = readFileSync(join(root, 'package-lock.json'), 'utf8');
    expect(lockfile).toContain('"integrity"');
    expect(lockfile.match(/"resolved": "http[^"]*/g) ?? []).toEqual([]);
  });
});
