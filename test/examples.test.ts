/** The examples do what they say, each in a process of its own that ends by itself. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'npyjs';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Finished, runNode } from './support/spawn.ts';

const numberAfter = (text: string, label: RegExp): number => Number(text.match(label)?.[1]);

describe('quickstart', () => {
  it('prints a Hessian, its blocks, a Jacobian and the report', () => {
    const { status, stdout, stderr } = runNode(['dist/examples/quickstart.js']);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toMatch(/\[ 4, 4 \]/);
    expect(stdout).toMatch(/\[ 1, 3 \]/);
    expect(stdout).toMatch(/\[ 2, 4 \]/);
    expect(stdout).toMatch(/n = 4, float64/);
  });
});

describe('layers-model', () => {
  it('prints the curvature of each weight, by the names of layers', () => {
    const { status, stdout } = runNode(['dist/examples/layers-model.js'], { timeoutMs: 60_000 });
    expect(status).toBe(0);
    expect(stdout).toMatch(/n = 83, float64/);
    const rows = [...stdout.matchAll(/^ {2}(\w+\.\w+) +\[\S+\] +(\S+)$/gm)];
    expect(rows.map(([, name]) => name)).toEqual([
      'hidden.bias',
      'hidden.kernel',
      'logits.bias',
      'logits.kernel',
      'normal.beta',
      'normal.gamma',
    ]);
    for (const [, , curvature] of rows) expect(Math.abs(Number(curvature))).toBeLessThan(10);
  });
});

describe('iris-laplace', () => {
  const folder = mkdtempSync(join(tmpdir(), 'diffops-demo-'));
  let run: Finished;
  beforeAll(() => {
    run = runNode(['dist/examples/iris-laplace.js', folder], { timeoutMs: 120_000 });
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('ends well, and reaches a mode of the posterior', () => {
    expect(run.stderr).toBe('');
    expect(run.status).toBe(0);
    expect(numberAfter(run.stdout, /gradient (\S+)/)).toBeLessThan(1e-8);
    expect(run.stdout).toMatch(/n = 191, float64/);
  });

  it('finds a positive spectrum: the mode is one', () => {
    const ends = (name: string): number[] =>
      (run.stdout.match(new RegExp(`Spectrum, ${name}:\\s+(.*)`))?.[1] ?? '').split(/\s+/).map(Number);
    const bottom = ends('bottom');
    expect(bottom).toHaveLength(5);
    expect(Math.min(...bottom)).toBeGreaterThan(0);
    expect(Math.min(...ends('top'))).toBeGreaterThan(Math.max(...bottom));
  });

  it('is less sure of a flower unlike all others than its mode is', () => {
    const lines = run.stdout.split('\n');
    const at = lines.findIndex((line) => line.startsWith('nothing like an iris'));
    const surest = (line: string): number => Math.max(...[...line.matchAll(/([\d.]+) %/g)].map(([, p]) => Number(p)));
    expect(surest(lines[at + 1])).toBeLessThan(surest(lines[at]) - 5);
  });

  it('writes the matrix for NumPy, symmetric and with the spectrum that was printed', () => {
    const bytes = readFileSync(join(folder, 'H.npy'));
    const { data, shape, dtype } = parse(
      bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer,
    );
    const H = data as Float64Array;
    expect({ shape, dtype }).toEqual({ shape: [191, 191], dtype: 'f8' });
    const asymmetry = H.reduce(
      (worst, value, k) => Math.max(worst, Math.abs(value - H[(k % 191) * 191 + Math.floor(k / 191)])),
      0,
    );
    expect(asymmetry).toBe(0);
    // No eigenvalue is larger than the largest sum of absolute values in a row (Gershgorin).
    const top = numberAfter(run.stdout, /Spectrum, top:\s+(\S+)/);
    const sums = Array.from({ length: 191 }, (_, i) =>
      H.subarray(i * 191, (i + 1) * 191).reduce((sum, v) => sum + Math.abs(v), 0),
    );
    expect(top).toBeLessThan(Math.max(...sums));
    expect(top).toBeGreaterThanOrEqual(Math.max(...Array.from({ length: 191 }, (_, i) => H[i * 192])) * 0.999);
  });

  it('draws a picture with both colors in the matrix and a spectrum beside it', () => {
    const png = PNG.sync.read(readFileSync(join(folder, 'H.png')));
    const count = (left: number, right: number, test: (r: number, g: number, b: number) => boolean): number => {
      let found = 0;
      for (let y = 0; y < png.height; y++) {
        for (let x = left; x < right; x++) {
          const at = (y * png.width + x) * 4;
          if (test(png.data[at], png.data[at + 1], png.data[at + 2])) found++;
        }
      }
      return found;
    };
    const half = Math.floor(png.width / 2);
    expect(count(0, half, (r, _g, b) => r > b + 50)).toBeGreaterThan(1000);
    expect(count(0, half, (r, _g, b) => b > r + 50)).toBeGreaterThan(1000);
    expect(count(half, png.width, (r, g, b) => r === 178 && g === 24 && b === 43)).toBeGreaterThan(191);
  });
});

describe('wavefront', () => {
  let run: Finished;
  beforeAll(() => {
    run = runNode(['dist/examples/wavefront.js'], { timeoutMs: 120_000 });
  }, 120_000);

  it('ends well, at the maximum of the likelihood', () => {
    expect(run.stderr).toBe('');
    expect(run.status).toBe(0);
    expect(numberAfter(run.stdout, /loss \S+, (\S+) σ from the mode/)).toBeLessThan(1e-6);
    expect(run.stdout).toMatch(/n = 22, float64/);
  });

  it('is as sure as the information that was expected, and no surer than it is right', () => {
    const rows = [...run.stdout.matchAll(/^\S.*?((?:\s+-?\d+\.\d{4}){4})$/gm)].map(([, cells]) =>
      cells.trim().split(/\s+/).map(Number),
    );
    expect(rows).toHaveLength(20);
    for (const [truth, fit, seen, expected] of rows) {
      expect(Math.abs(fit - truth)).toBeLessThan(4 * seen);
      expect(Math.abs(seen - expected)).toBeLessThan(0.1 * expected);
    }
    const surprise = numberAfter(run.stdout, /χ² = (\S+) for 22 parameters/);
    expect(surprise).toBeGreaterThan(7);
    expect(surprise).toBeLessThan(50);
  });
});

describe('large-hessian', () => {
  const folder = mkdtempSync(join(tmpdir(), 'diffops-large-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(['npy', 'zarr'])(
    'writes a Hessian to %s whose columns are products, and refuses to write it again',
    (format) => {
      const args = ['dist/examples/large-hessian.js', join(folder, `H.${format}`), '9'];
      const { status, stdout, stderr } = runNode(args);
      expect(status).toBe(0);
      expect(stderr).toMatch(/685 of 685 columns/);
      expect(stdout).toMatch(/n = 685, float32/);
      const distances = [...stdout.matchAll(/^column \d+: (\S+) from H·e/gm)].map(([, distance]) => Number(distance));
      expect(distances).toHaveLength(5);
      expect(Math.max(...distances)).toBeLessThan(1e-5);
      const again = runNode(args);
      expect(again.status).toBe(1);
      expect(again.stderr).toMatch(/is there already/);
    },
  );
});
