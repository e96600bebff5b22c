/** NumPy and Python's zarr read what was written, and find the numbers that diffops reads. */

import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type FileMatrix, hessian, jacobian } from '../../src/index.ts';
import { newFolder } from './folder.ts';
import { chain, network, wide } from './problems.ts';
import { findPython, runPython } from './python.ts';

const folder = newFolder();
const python = findPython();
if ('missing' in python) console.warn(`skipped: NumPy and zarr can't be had (${python.missing})`);

/** Says shape, dtype and layout, and whether the bytes are those of a file with nothing else in it. */
const READ = `
import json, sys, numpy, zarr
path, raw = sys.argv[1:]
if path.endswith('.npy'):
    array, chunks = numpy.load(path, mmap_mode='r'), None
    order = bool(array.flags.c_contiguous)
else:
    opened = zarr.open(path, mode='r')
    array, chunks = opened[:], opened.chunks
    order = opened.metadata.zarr_format == 3
same = array.tobytes() == open(raw, 'rb').read()
print(json.dumps({'shape': array.shape, 'dtype': str(array.dtype), 'same': same, 'order': order, 'chunks': chunks}))
`;

const seen = async (file: FileMatrix): Promise<unknown> => {
  const raw = folder.path('raw');
  writeFileSync(raw, (await file.block([0, file.rows], [0, file.columns])).data);
  return JSON.parse(runPython((python as { path: string }).path, READ, [file.path, raw]));
};

test.skipIf('missing' in python).each(['npy', 'zarr'])('%s', { timeout: 60_000 }, async (format) => {
  for (const precision of ['float32', 'float64'] as const) {
    const out = folder.path(`${precision}.${format}`);
    const { H } = await hessian(network.f, network.x(precision), { out, workers: 2 });
    expect(await seen(H)).toMatchObject({ shape: [521, 521], dtype: precision, same: true, order: true });
  }
  for (const options of [{ mode: 'forward' }, { mode: 'reverse' }] as const) {
    const out = folder.path(`${options.mode}.${format}`);
    const { J } = await jacobian(wide.f, wide.x(), { ...options, out });
    expect(await seen(J)).toMatchObject({ shape: [90, 700], dtype: 'float32', same: true, order: true });
  }
  const { H } = await hessian(chain.f, chain.x(), { out: folder.path(`chain.${format}`) });
  expect(await seen(H)).toMatchObject({ shape: [600, 600], same: true, order: true });
});
