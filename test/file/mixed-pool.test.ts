/** A run on several devices that is cut off by SIGKILL goes on with the same devices, and says why not with others. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { createRuntime, hessian, type Progress } from '../../src/index.ts';
import { N, problem } from '../children/to-file-problem.mjs';
import { expectClose } from '../support/close.ts';
import { deviceMissing } from '../support/device-missing.ts';
import { root } from '../support/sources.ts';
import { runNode } from '../support/spawn.ts';
import { newFolder } from './folder.ts';

// Without a GPU each program takes seconds to be made.
vi.setConfig({ testTimeout: 180_000 });

const folder = newFolder();
const OPTIONS = { nbatches: 30 };

describe.each([
  ['webgpu', 'cpu'],
  ['cpu', 'tfjs:cpu'],
] as const)('%s and %s', async (...device) => {
  const missing = (await Promise.all(device.map(deviceMissing))).find((reason) => reason);

  test('killed in the middle, it goes on with both, and is refused with one', async ({ skip }) => {
    if (missing) return skip(missing);
    const out = folder.path(`${device.join('-').replace(':', '-')}.npy`);
    const asked = JSON.stringify({ out, killAfter: 4, device, options: OPTIONS });
    const child = [join(root, 'test/children/to-file.mjs'), asked];
    const { status, stderr } = runNode(child, { timeoutMs: 120_000 });
    expect([status, stderr]).toEqual([null, '']);
    const written = readFileSync(`${out}.journal`, 'utf8').split('"crc"').length - 1;
    expect(written).toBeGreaterThanOrEqual(4);

    const { f, x } = problem();
    const common = { ...OPTIONS, out, resume: true, data: 1 };
    const alone = hessian(f, x, { ...common, device: 'cpu' });
    await expect(alone).rejects.toMatchObject({
      code: 'FILE',
      fields: { differs: ['options'] },
      message: expect.stringContaining(
        `can't be resumed: it was begun with other values of device (${device.join(', ')}, now cpu). ` +
          `Give the same again, or delete ${out}.partial`,
      ),
    });

    await using runtime = createRuntime({ device, workers: 2 });
    let first = Number.POSITIVE_INFINITY;
    const onProgress = ({ columnsDone }: Progress): void => {
      first = Math.min(first, columnsDone);
    };
    const { H, report } = await runtime.hessian(f, x, { ...common, onProgress });
    // What was written stays as it is.
    expect(first).toBeGreaterThan((written * N) / 40);
    const columns = (report.timeline ?? []).reduce((sum, one) => sum + one.columns[1] - one.columns[0], 0);
    expect(columns).toBeGreaterThan(0);
    expect(columns).toBeLessThan(N - (written * N) / 40);
    const rows = await Promise.all(Array.from({ length: N }, (_, i) => H.row(i)));
    const want = (await hessian(f, x, { data: 1, precision: 'float64' })).H;
    for (const [i, row] of rows.entries()) expectClose(row, want.row(i), 1e-3, `in row ${i}`);
    expect([existsSync(`${out}.journal`), existsSync(`${out}.partial`)]).toEqual([false, false]);
  });
});
