/** Matrices written to `.npy` are those that are held otherwise, to the bit, and are read back row by row. */

import { readFileSync } from 'node:fs';
import { parse } from 'npyjs';
import { describe, expect, test } from 'vitest';
import { createRuntime, DiffopsError, type FileMatrix, hessian, type Matrix } from '../../src/index.ts';
import { newFolder } from './folder.ts';
import { chain, network, wide } from './problems.ts';

const folder = newFolder();
let files = 0;
const newPath = (): string => folder.path(`M${files++}.npy`);

/** The whole file as any reader of the format sees it. */
const read = (path: string): { data: Float32Array | Float64Array; shape: number[]; dtype: string } => {
  const bytes = readFileSync(path);
  return parse(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)) as never;
};

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Float64Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

const expectSame = async (file: FileMatrix, held: Matrix): Promise<void> => {
  const { data, shape } = read(file.path);
  expect(shape).toEqual([held.rows, held.columns]);
  expect(Buffer.compare(bytesOf(data), bytesOf(held.data))).toBe(0);
  expect(data.constructor).toBe(held.data.constructor);
  expect([file.shape, file.dtype]).toEqual([held.shape, held.dtype]);
  for (const i of [0, held.rows >> 1, held.rows - 1]) expect(await file.row(i)).toEqual(held.row(i).slice());
};

describe.each([0, 1, 2])('with %i workers', (workers) => {
  const runtime = createRuntime(workers === 0 ? {} : { workers });

  test.each([
    ['float32', {}],
    ['float64', {}],
    ['float32', { symmetric: false }],
    ['float32', { nbatches: 9 }],
    ['float64', { jit: false }],
  ] as const)('the Hessian of a tree, %s, %o', async (precision, options) => {
    const [x, out] = [network.x(precision), newPath()];
    const held = await runtime.hessian(network.f, x, options);
    const written = await runtime.hessian(network.f, x, { ...options, out });
    await expectSame(written.H, held.H);
    expect(written.report.n).toBe(network.n);
    expect(folder.names().filter((name) => name.startsWith('M') && !name.endsWith('.npy'))).toEqual([]);
  });

  test('what no tile writes is zero', async () => {
    const held = await runtime.hessian(chain.f, chain.x());
    await expectSame((await runtime.hessian(chain.f, chain.x(), { out: newPath() })).H, held.H);
  });

  test.each([{ mode: 'forward' }, { mode: 'reverse' }, { nbatches: 13 }] as const)(
    'the Jacobian, %o',
    async (options) => {
      const held = await runtime.jacobian(wide.f, wide.x(), options);
      const written = await runtime.jacobian(wide.f, wide.x(), { ...options, out: newPath() });
      expect(written.J.shape).toEqual([9, 10, 700]);
      await expectSame(written.J, held.J);
    },
  );
});

test('the outputs of a tree are in one file, one after the other', async () => {
  const { jacobian, close } = createRuntime({ workers: 2 });
  const f = (x: Parameters<typeof wide.f>[0]) => ({ two: [wide.f(x).square()], one: wide.f(x).slice([2], [3]) });
  const held = await jacobian(f, wide.x());
  const written = await jacobian(f, wide.x(), { out: newPath() });
  const { one, two } = written.J;
  expect([one.shape, two[0].shape, one.path]).toEqual([[3, 10, 700], [9, 10, 700], two[0].path]);
  for (let i = 0; i < 30; i++) expect(await one.row(i)).toEqual(held.J.one.row(i).slice());
  for (let i = 0; i < 90; i++) expect(await two[0].row(i)).toEqual(held.J.two[0].row(i).slice());
  expect(read(one.path).shape).toEqual([120, 700]);
  await close();
});

test('blocks are read, and indices outside of the matrix are refused', async () => {
  const { H } = await hessian(chain.f, chain.x());
  const { H: file } = await hessian(chain.f, chain.x(), { out: newPath() });
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
