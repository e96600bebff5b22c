/** Every kernel that the installed tfjs-core names: recorded with a case, refused with a reason, or out of reach; docs/ops.md says which. */

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { isRecorded, recordedKernels } from '../../../src/trace/kernels/apply.ts';
import { refusedKernels } from '../../../src/trace/kernels/index.ts';
import { cases } from '../kernels/cases/index.ts';
import { kernelNames, opsTable, unreached } from './table.ts';

const covered = new Set(cases.map((c) => c.kernel));

beforeAll(() => tf.setBackend('cpu'));

it('finds the names', () => {
  expect(kernelNames.length).toBeGreaterThan(170);
  expect(kernelNames).toContain('_FusedMatMul');
});

describe.each(kernelNames)('%s', (name) => {
  it('is recorded and has a case, or is refused, or is out of reach', () => {
    const recorded = isRecorded(name) && covered.has(name);
    const ways = [recorded, Object.hasOwn(refusedKernels, name), Object.hasOwn(unreached, name)];
    expect(ways.filter(Boolean)).toHaveLength(1);
  });
});

it('says nothing of kernels that tfjs-core does not name', () => {
  const said = [...recordedKernels, ...Object.keys(refusedKernels), ...Object.keys(unreached)];
  expect(said.filter((name) => !kernelNames.includes(name))).toEqual([]);
});

it('docs/ops.md is up to date: npm run ops writes it', async () => {
  await expect(opsTable()).toMatchFileSnapshot('../../../docs/ops.md');
});
