/** Matrices written to files are those that are held otherwise, to the bit where tiles are the same, and are read back. */

import { readFileSync } from 'node:fs';
import { parse } from 'npyjs';
import { describe, expect, test } from 'vitest';
import {
  createRuntime,
  DiffopsError,
  type FileMatrix,
  hessian,
  hessianToPytree,
  jacobian,
  type Matrix,
} from '../../src/index.ts';
import { relativeError } from '../support/close.ts';
import { newFolder } from './folder.ts';
import { chain, network, wide } from './problems.ts';

const folder = newFolder();
let files = 0;
const newPath = (format: string): string => folder.path(`M${files++}.${format}`);

/** The whole file as any reader of the format sees it. */
const readNpy = (path: string): { data: Float32Array | Float64Array; shape: number[] } => {
  const bytes = readFileSync(path);
  return parse(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)) as never;
};

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Float64Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

const expectSame = async (file: FileMatrix, held: Matrix): Promise<void> => {
  expect([file.shape, file.dtype]).toEqual([held.shape, held.dtype]);
  const { data, shape } = await file.block([0, held.rows], [0, held.columns]);
  expect(shape).toEqual([held.rows, held.columns]);
  for (const i of [0, held.rows >> 1, held.rows - 1]) {
    expect(await file.row(i)).toEqual(data.slice(i * held.columns, (i + 1) * held.columns));
  }
  // Chunks cut tiles elsewhere, and columns are summed up in another place of them.
  expect(relativeError(data, held.data)).toBeLessThan(held.dtype === 'float32' ? 1e-6 : 1e-15);
  if (!file.path.endsWith('.npy')) return;
  expect(Buffer.compare(bytesOf(data), bytesOf(held.data))).toBe(0);
  const whole = readNpy(file.path);
  expect([whole.shape, whole.data.constructor]).toEqual([[held.rows, held.columns], held.data.constructor]);
  expect(Buffer.compare(bytesOf(whole.data), bytesOf(held.data))).toBe(0);
};

const CASES = ['npy', 'zarr'].flatMap((format) => [0, 1, 2].map((workers) => ({ format, workers })));

describe.each(CASES)('$format with $workers workers', ({ format, workers }) => {
  const runtime = createRuntime(workers === 0 ? {} : { workers });

  test.each([
    ['float32', {}],
    ['float64', {}],
    ['float32', { symmetric: false }],
    ['float32', { nbatches: 9 }],
    ['float64', { jit: false }],
  ] as const)('the Hessian of a tree, %s, %o', async (precision, options) => {
    const [x, out] = [network.x(precision), newPath(format)];
    const held = await runtime.hessian(network.f, x, options);
    const written = await runtime.hessian(network.f, x, { ...options, out });
    await expectSame(written.H, held.H);
    expect(written.report.n).toBe(network.n);
    expect(folder.names().filter((name) => !/\.(npy|zarr)$/.test(name))).toEqual([]);
  });

  test('what no tile writes is zero', async () => {
    const held = await runtime.hessian(chain.f, chain.x());
    await expectSame((await runtime.hessian(chain.f, chain.x(), { out: newPath(format) })).H, held.H);
  });

  test.each([{ mode: 'forward' }, { mode: 'reverse' }, { nbatches: 13 }] as const)(
    'the Jacobian, %o',
    async (options) => {
      const held = await runtime.jacobian(wide.f, wide.x(), options);
      const written = await runtime.jacobian(wide.f, wide.x(), { ...options, out: newPath(format) });
      expect(written.J.shape).toEqual([9, 10, 700]);
      await expectSame(written.J, held.J);
    },
  );
});

test.each(['npy', 'zarr'])('the outputs of a tree are in one %s, one after the other', async (format) => {
  const { jacobian, close } = createRuntime({ workers: 2 });
  const f = (x: Parameters<typeof wide.f>[0]) => ({ two: [wide.f(x).square()], one: wide.f(x).slice([2], [3]) });
  const held = await jacobian(f, wide.x());
  const written = await jacobian(f, wide.x(), { out: newPath(format) });
  const { one, two } = written.J;
  expect([one.shape, two[0].shape, one.path]).toEqual([[3, 10, 700], [9, 10, 700], two[0].path]);
  for (let i = 0; i < 30; i++) expect(await one.row(i)).toEqual(held.J.one.row(i).slice());
  for (let i = 0; i < 90; i++) expect(await two[0].row(i)).toEqual(held.J.two[0].row(i).slice());
  await close();
});

test.each(['npy', 'zarr'])('a %s without rows, and one of a single number', async (format) => {
  const none = await jacobian((v) => v.slice([0], [0]), chain.x(), { out: newPath(format) });
  expect([none.J.shape, (await none.J.block([0, 0], [0, 600])).shape]).toEqual([
    [0, 600],
    [0, 600],
  ]);
  const one = await hessian((v: Parameters<typeof chain.f>[0]) => v.square(), 3, { out: newPath(format) });
  expect([...(await one.H.row(0))]).toEqual([2]);
});

test.each(['npy', 'zarr'])('blocks of %s are read, and indices outside of the matrix are refused', async (format) => {
  const { H } = await hessian(chain.f, chain.x());
  const { H: file } = await hessian(chain.f, chain.x(), { out: newPath(format) });
  expect(() => hessianToPytree(file as never, chain.x())).toThrow(/in a file/);
  const block = await file.block([3, 8], [2, 9]);
  expect(block.shape).toEqual([5, 7]);
  expect([...block.data]).toEqual([3, 4, 5, 6, 7].flatMap((i) => [...H.row(i).slice(2, 9)]));
  expect((await file.block([4, 4], [0, 600])).shape).toEqual([0, 600]);
  expect((await file.block([598, 600], [0, 600])).data).toEqual(H.data.slice(598 * 600));
  for (const index of [-1, 600, 1.5, Number.NaN]) await expect(file.row(index)).rejects.toThrow(/row .* 0 to 599/);
  for (const range of [[3, 2], [0, 601], [-1, 2], 3, [1]]) {
    const refused = file.block(range as never, [0, 1]).catch((error: unknown) => error);
    expect(await refused).toBeInstanceOf(DiffopsError);
    await expect(file.block([0, 1], range as never)).rejects.toThrow(/columns .* is outside/);
  }
});
