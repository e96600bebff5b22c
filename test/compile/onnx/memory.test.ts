/** What the engine really holds: each live value once, recomputed ones not at all, and nothing after it is disposed. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { compileProgram } from '../../../src/compile/compile.ts';
import { loadArtifact } from '../../../src/compile/load.ts';
import { sizeOf, type Value } from '../../../src/ir/aval.ts';
import type { Atom, Program } from '../../../src/ir/program.ts';
import { newOps } from '../../../src/primitives/table.ts';

setFlagsFromString('--expose-gc');
// A result lives in the memory of its session until it is collected.
const collect = runInNewContext('gc') as () => void;

const resident = (): number => {
  collect();
  return process.memoryUsage().rss;
};

/**
 * Powers of x up to `depth`, added up from the last to the first, so that all are alive at once; or with the first
 * half made anew when it is needed, in a region of its own.
 */
const powers = (length: number, depth: number, recompute: boolean): Program => {
  const ops = newOps();
  const x = ops.input({ shape: [length], dtype: 'float64' });
  const run = (first: Atom, count: number): Atom[] => {
    const values = [first];
    for (let i = 1; i < count; i++) values.push(ops.mul(values[i - 1], x));
    return values;
  };
  const sums = (values: readonly Atom[], start: Atom): Atom => values.reduceRight((sum, v) => ops.add(sum, v), start);
  const values = run(ops.mul(x, x), depth);
  const late = sums(values.slice(depth / 2), ops.mul(x, 3));
  if (!recompute) return ops.build([sums(values.slice(0, depth / 2), late)]);
  ops.region = 1;
  return ops.build([sums(run(ops.mul(x, x), depth / 2), late)]);
};

/** Powers of x up to `depth`, of each of which only the sum of its triple is needed, at the end. */
const sumsOfPowers = (length: number, depth: number): Program => {
  const ops = newOps();
  const x = ops.input({ shape: [length], dtype: 'float64' });
  const sums: Atom[] = [];
  let power: Atom = x;
  for (let i = 0; i < depth; i++) {
    power = ops.mul(power, x);
    sums.push(ops.sum(ops.mul(power, 3), [0]));
  }
  return ops.build([sums.reduceRight((sum, s) => ops.add(sum, s))]);
};

/** How many values of the program's size three runs leave the process holding more of. */
const heldBy = async (program: Program): Promise<number> => {
  const executable = await loadArtifact(compileProgram(program, 'onnx'), { threads: 1 });
  const [{ aval }] = program.inputs;
  const data = new Float64Array(sizeOf(aval.shape)).fill(1);
  const before = resident();
  for (let i = 0; i < 3; i++) await executable.run([{ ...aval, data }]);
  const after = resident();
  await executable.dispose();
  return (after - before) / data.byteLength;
};

describe('an executable', () => {
  it.each([
    [1 << 16, 128],
    [1 << 20, 16],
  ])('of values of %i elements holds each live one once, and none that is made anew', async (length, depth) => {
    await heldBy(powers(length, 4, false));
    // The smaller first: the process may keep freed memory, and use it again.
    const recomputed = await heldBy(powers(length, depth, true));
    const kept = await heldBy(powers(length, depth, false));
    // All of them at once, some that they are added up in, a result per run; twice that with a memory pattern.
    expect(kept).toBeLessThan(1.2 * depth + 8);
    // Half of them; in the engine's own order all.
    expect(recomputed).toBeLessThan(0.6 * depth + 8);
  });

  it.each([
    [1 << 16, 256],
    [1 << 20, 32],
  ])(
    'of values of %i elements lets go of each once the small one that is made of it is there',
    async (length, depth) => {
      await heldBy(powers(length, 4, false));
      // A few at a time; all of them if the sums were left to the end.
      expect(await heldBy(sumsOfPowers(length, depth))).toBeLessThan(0.25 * depth);
    },
  );

  it('gives its memory back when disposed', async () => {
    const ops = newOps();
    const x = ops.input({ shape: [64, 1024], dtype: 'float64' });
    const artifact = compileProgram(ops.build([ops.sum(ops.unary('exp', ops.mul(x, x)), [0])]), 'onnx');
    const small: Value = { ...x.aval, data: new Float64Array(64 * 1024) };
    const cycle = async (times: number): Promise<number> => {
      for (let i = 0; i < times; i++) {
        const executable = await loadArtifact(artifact, { threads: 1 });
        await executable.run([small]);
        await executable.dispose();
      }
      return resident();
    };
    const before = await cycle(50);
    const after = await cycle(200);
    // 200 sessions that kept their memory would hold over 200 MB.
    expect(after - before).toBeLessThan(40e6);
  });
});
