/** What checkpoints save in the process: the measured peak of a deep network on either engine. */

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const canReset = existsSync('/proc/self/clear_refs');
if (!canReset) console.log('The peak of a process can only be reset on Linux: what checkpoints save is not measured.');

const measure = (kind: string, recomputed: number, engine: string): number => {
  const asked = { kind, recomputed, engine, samples: kind === 'hessian' ? 4096 : 16384, width: 16, tiles: 1, runs: 1 };
  const args = ['--expose-gc', 'test/children/deep-network.mjs', `${root}/dist/src`, JSON.stringify(asked)];
  const printed = execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  return JSON.parse(printed.trim().split('\n').at(-1) as string).peak;
};

test.runIf(canReset).each([
  ['hessian', 'native', [0, 0.5, 1], 0.3],
  ['hessian', 'onnx', [0, 0.25, 0.5, 0.75, 1], 0.3],
  ['forward', 'onnx', [0, 0.5, 1], 0.35],
  ['reverse', 'onnx', [0, 0.5, 1], 0.6],
] as const)(
  '%s on %s, shares of %j: less the more is recomputed, at last at most %f',
  (kind, engine, shares, most) => {
    const peaks = shares.map((share) => measure(kind, share, engine));
    // Pages of other things come and go.
    for (let k = 1; k < peaks.length; k++) expect(peaks[k], `${peaks}`).toBeLessThan(peaks[k - 1] + 4e6);
    expect(peaks.at(-1), `${peaks}`).toBeLessThan(most * peaks[0]);
  },
  180_000,
);
