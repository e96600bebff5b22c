/** Native executables in one thread: what they keep of their inputs, and how they share a memory that grows. */

import { describe, expect, test } from 'vitest';
import { compileProgram } from '../../../src/compile/compile.ts';
import type { Executable } from '../../../src/compile/executable.ts';
import { loadArtifact } from '../../../src/compile/load.ts';
import { ThreadMemory } from '../../../src/compile/native/thread-memory.ts';
import { evaluateProgram } from '../../../src/interpret/evaluate.ts';
import type { Value } from '../../../src/ir/aval.ts';
import type { Program } from '../../../src/ir/program.ts';
import { newOps } from '../../../src/primitives/table.ts';
import { stencil } from '../../fusion/programs.ts';
import { randomFrom, value } from '../../primitives/support.ts';

const load = (program: Program): Promise<Executable> => loadArtifact(compileProgram(program, 'native'), { threads: 1 });

const sumOfProducts = (n: number): Program => {
  const ops = newOps();
  const [x, y] = [0, 1].map(() => ops.input({ shape: [n], dtype: 'float64' }));
  return ops.build([ops.mul(x, y), ops.sum(ops.mul(x, y), [0])]);
};

const numbers = (n: number, seed: number): Value => {
  const random = randomFrom(seed);
  return value([n], 'float64', () => Math.floor(random() * 9));
};

describe('an executable', () => {
  test('takes a value that it was given before as it was, and another one anew', async () => {
    const program = sumOfProducts(37);
    const executable = await load(program);
    const [x, y, z] = [1, 2, 3].map((seed) => numbers(37, seed));
    for (const inputs of [
      [x, y],
      [x, y],
      [x, z],
      [z, z],
      [x, y],
    ] as const) {
      expect(await executable.run(inputs)).toEqual(evaluateProgram(program, inputs));
    }
    await executable.dispose();
  });

  test('writes into the arrays that it is given, and leaves its inputs alone', async () => {
    const program = sumOfProducts(21);
    const executable = await load(program);
    const inputs = [numbers(21, 1), numbers(21, 2)];
    const before = inputs.map(({ data }) => data.slice());
    const into = [new Float64Array(21), new Float64Array(1)];
    const outputs = await executable.run(inputs, into);
    expect(outputs.map(({ data }) => data)).toEqual(into);
    expect(outputs).toEqual(evaluateProgram(program, inputs));
    expect(inputs.map(({ data }) => data)).toEqual(before);
    await executable.dispose();
  });

  test('gives arrays of its own, which later runs leave alone', async () => {
    const program = sumOfProducts(8);
    const executable = await load(program);
    const [first] = await executable.run([numbers(8, 1), numbers(8, 2)]);
    const kept = first.data.slice();
    await executable.run([numbers(8, 3), numbers(8, 4)]);
    expect(first.data).toEqual(kept);
    await executable.dispose();
  });

  test('reads what another one computed where it is, and computes into its own arrays without a copy', async () => {
    const program = sumOfProducts(33);
    const [first, second] = [await load(program), await load(program)];
    const arrays = first.arrays?.() as Float64Array[];
    expect(first.arrays?.()).toEqual(arrays);
    for (const seed of [1, 2, 3]) {
      const inputs = [numbers(33, seed), numbers(33, seed + 5)];
      const outputs = await first.run(inputs, arrays);
      expect(outputs.map(({ data }) => data)).toEqual(arrays);
      expect(outputs[0].data).toBe(arrays[0]);
      expect(outputs).toEqual(evaluateProgram(program, inputs));
      // Both from there, one from there, and its own results once more.
      for (const given of [
        [outputs[0], outputs[0]],
        [inputs[0], outputs[0]],
        [outputs[0], inputs[1]],
      ] as const) {
        const expected = evaluateProgram(
          program,
          given.map((v) => ({ ...v, data: v.data.slice() })),
        );
        expect(await second.run(given)).toEqual(expected);
      }
      const again = evaluateProgram(
        program,
        [outputs[0], inputs[0]].map((v) => ({ ...v, data: v.data.slice() })),
      );
      expect(await first.run([outputs[0], inputs[0]])).toEqual(again);
    }
    await first.dispose();
    await second.dispose();
  });

  test('refuses a wrong number of inputs, and to run after it was disposed', async () => {
    const executable = await load(sumOfProducts(8));
    await expect(executable.run([numbers(8, 1)])).rejects.toThrow('takes 2 inputs');
    await executable.dispose();
    await executable.dispose();
    await expect(executable.run([numbers(8, 1), numbers(8, 2)])).rejects.toThrow('disposed');
  });
});

describe('the memory', () => {
  test('grows under executables that ran before', async () => {
    const small = sumOfProducts(50);
    const inputs = [numbers(50, 1), numbers(50, 2)];
    const first = await load(small);
    const expected = evaluateProgram(small, inputs);
    expect(await first.run(inputs)).toEqual(expected);
    for (const side of [16, 64, 160]) {
      const large = stencil(3, [side, side, 16], 'float64');
      const random = randomFrom(side);
      const x = [value([side, side, 16], 'float64', () => Math.floor(random() * 64))];
      const executable = await load(large);
      expect(await executable.run(x)).toEqual(evaluateProgram(large, x));
      // With what it was given before it grew, and with something new.
      expect(await first.run(inputs)).toEqual(expected);
      const others = [numbers(50, side), inputs[1]];
      expect(await first.run(others)).toEqual(evaluateProgram(small, others));
      expect(await executable.run(x)).toEqual(evaluateProgram(large, x));
      await executable.dispose();
    }
    await first.dispose();
  });

  test('is given back and taken again', () => {
    const memory = new ThreadMemory();
    const parts = [1000, 64, 5000, 300].map((bytes) => memory.take(bytes));
    for (const [k, { at, bytes }] of parts.entries()) {
      expect(bytes).toBeGreaterThanOrEqual([1000, 64, 5000, 300][k]);
      for (const other of parts.slice(k + 1)) expect(at + bytes <= other.at || other.at + other.bytes <= at).toBe(true);
    }
    memory.give(parts[1]);
    memory.give(parts[2]);
    expect(memory.take(5064).at).toBe(parts[1].at);
    const before = memory.memory.buffer.byteLength;
    for (let k = 0; k < 1000; k++) memory.give(memory.take(30_000));
    expect(memory.memory.buffer.byteLength).toBeLessThanOrEqual(before + 65_536);
  });

  test('that can’t be had is refused with what was asked for', () => {
    expect(() => new ThreadMemory().take(2 ** 33)).toThrow(/need \d+ bytes/);
  });

  test('that can’t be had for all programs leaves none that two might use', () => {
    const memory = new ThreadMemory();
    memory.scratch(1000);
    memory.take(500);
    expect(() => memory.scratch(2 ** 33)).toThrow(/need \d+ bytes/);
    const part = memory.take(512);
    const shared = memory.scratch(800);
    expect(part.at + part.bytes <= shared || shared + 800 <= part.at).toBe(true);
  });
});
