/** A SavedModel as an executable: what goes wrong is said, and no folder and no tensor is left. */

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { compileProgram } from '../../../src/compile/compile.ts';
import type { Executable } from '../../../src/compile/executable.ts';
import { loadArtifact } from '../../../src/compile/load.ts';
import { tfjsNode } from '../../../src/compile/tensorflow/tfjs-node.ts';
import { evaluateProgram } from '../../../src/interpret/evaluate.ts';
import type { Value } from '../../../src/ir/aval.ts';
import type { Atom, Program } from '../../../src/ir/program.ts';
import { newOps } from '../../../src/primitives/table.ts';
import { value } from '../../primitives/support.ts';
import { tensorflowMissing as missing } from '../../support/tensorflow.ts';
import { disagreement } from '../support.ts';

vi.setConfig({ testTimeout: 120_000 });

const folder = mkdtempSync(join(tmpdir(), 'diffops-test-'));
beforeAll(() => {
  vi.stubEnv('TMPDIR', folder);
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const tensors = async (): Promise<number> => ((await tfjsNode()) as unknown as Memory).memory().numTensors;
interface Memory {
  memory(): { readonly numTensors: number };
}

/** x·s for a large x, which the session holds, and a small s, which it is fed. */
const scaling = () => {
  const ops = newOps();
  const [x, s] = [[3000], []].map((shape) => ops.input({ shape, dtype: 'float64' }));
  return compileProgram(ops.build([ops.mul(x, ops.broadcast(s, [3000], []))]), 'tensorflow');
};

describe.skipIf(missing)(`on TensorFlow${missing ? `: skipped, ${missing}` : ''}`, () => {
  it('holds what is large until it is given another value, and lets go of all in the end', async () => {
    const before = await tensors();
    const executable = await loadArtifact(scaling(), { threads: 1 });
    expect(readdirSync(folder)).toEqual([]);
    const x = value([3000], 'float64', (i) => i / 7);
    for (const [given, factor] of [
      [x, 2],
      [x, 3],
      [value([3000], 'float64', (i) => -i), 2],
    ] as const) {
      const [made] = await executable.run([given, value([], 'float64', () => factor)]);
      expect(made.data).toEqual(given.data.map((v) => v * factor));
    }
    const into = new Float64Array(3000);
    await executable.run([x, value([], 'float64', () => 2)], [into]);
    expect(into).toEqual(x.data.map((v) => v * 2));
    expect(await tensors()).toBe(before + 1);
    await executable.dispose();
    await executable.dispose();
    expect(await tensors()).toBe(before);
    await expect(executable.run([])).rejects.toThrow(/after it was disposed/);
  });

  it.each(['tensorflow', 'tensorflow-ops'] as const)(
    'keeps what it made for others, which hold it or are fed it, whoever lets go first: %s',
    async (engine) => {
      const before = await tensors();
      const load = (program: Program): Promise<Executable> =>
        loadArtifact(compileProgram(program, engine), { threads: 1 });
      const point = newOps();
      const x = point.input({ shape: [3000], dtype: 'float64' });
      // Where operations run one by one, a reshape is the input's own memory.
      const made = [point.reshape(x, [3, 1000]), point.sum(x, [0])];
      const maker = await load(point.build(made));
      const [user, other] = await Promise.all(
        [2, 3].map((factor) => {
          const ops = newOps();
          const large = ops.input({ shape: [3, 1000], dtype: 'float64' });
          const small = ops.input({ shape: [], dtype: 'float64' });
          return load(ops.build([ops.mul(ops.mul(large, factor), ops.broadcast(small, [3, 1000], []))]));
        }),
      );
      for (const sign of [1, -1]) {
        const given = value([3000], 'float64', (i) => i * sign);
        const sum = (sign * 2999 * 3000) / 2;
        const kept = (await maker.keep?.([given])) as Value[];
        expect(kept.map(({ data }) => data.length)).toEqual([0, 0]);
        for (const [executable, factor] of [
          [user, 2],
          [other, 3],
          [user, 2],
        ] as const) {
          const [{ data }] = await executable.run(kept);
          expect(data).toEqual(given.data.map((v) => v * factor * sum));
        }
      }
      const kept = (await maker.keep?.([value([3000], 'float64', () => 1)])) as Value[];
      await user.run(kept);
      await maker.dispose();
      expect((await user.run(kept))[0].data[0]).toBe(6000);
      await Promise.all([user.dispose(), other.dispose()]);
      expect(await tensors()).toBe(before);
    },
  );

  it.each(['tensorflow', 'tensorflow-ops'] as const)('computes long programs in stretches: %s', async (engine) => {
    const ops = newOps();
    const [x, unused] = [[3], [2]].map((shape) => ops.input({ shape, dtype: 'float64' }));
    const early = ops.unary('cos', x);
    let y: Atom = x;
    for (let k = 0; k < 150; k++) y = ops.add(ops.unary('sin', y), ops.mul(x, k % 7 === 0 ? early : 1));
    const middle = ops.mul(early, 3);
    const program = ops.build([ops.mul(y, early), x, middle, early, ops.full(unused, 7), x]);
    expect(program.equations.length).toBeGreaterThan(300);
    const inputs = [value([3], 'float64', (i) => 0.3 * i - 0.2), value([2], 'float64', () => 1)];
    const executable = await loadArtifact(compileProgram(program, engine), { threads: 1 });
    const made = await executable.run(inputs);
    await executable.dispose();
    expect(disagreement(made, evaluateProgram(program, inputs), 1e-13)).toBeUndefined();
  });

  it('leaves sums of many large terms to XLA: of what TensorFlow would make of them it compiles nothing', async () => {
    const ops = newOps();
    const shape = [8, 12, 256, 256];
    const outer = (): Atom => {
      const [x, y] = [[8, 12], shape.slice(1)].map((own) => ops.input({ shape: own, dtype: 'float32' }));
      return ops.mul(ops.broadcast(x, shape, [0, 1]), ops.broadcast(y, shape, [1, 2, 3]));
    };
    let total = outer();
    for (let k = 1; k < 6; k++) total = ops.add(total, outer());
    const program = ops.build([ops.sum(total, [1])]);
    const executable = await loadArtifact(compileProgram(program, 'tensorflow'), { threads: 1 });
    const [made] = await executable.run(program.inputs.map(({ aval }) => value(aval.shape, 'float32', () => 1)));
    await executable.dispose();
    expect(made.data.every((v) => v === 6 * 12)).toBe(true);
  });

  it('names the operation that fails in the middle of a run, and can run again', async () => {
    const ops = newOps();
    const x = ops.input({ shape: [], dtype: 'float32' });
    const huge = ops.broadcast(x, [2 ** 22, 2 ** 22], []);
    const program = ops.build([ops.emit('cumsum', [huge], { axis: 0, exclusive: false, reverse: false })]);
    const before = await tensors();
    const executable = await loadArtifact(compileProgram(program, 'tensorflow-ops'), { threads: 1 });
    for (const again of [0, 1]) {
      await expect(executable.run([value([], 'float32', () => again)])).rejects.toMatchObject({
        code: 'DEVICE',
        message: expect.stringMatching(/tensorflow failed at broadcast while running a program: .*nbatches/s),
      });
    }
    await executable.dispose();
    expect(await tensors()).toBe(before);
  });

  it('says what is wrong with a program that cannot be loaded, and leaves no folder', async () => {
    const artifact = { ...scaling(), savedModel: Uint8Array.of(255, 255, 255) };
    await expect(loadArtifact(artifact, { threads: 1 })).rejects.toMatchObject({ code: 'DEVICE' });
    expect(readdirSync(folder)).toEqual([]);
  });
});
