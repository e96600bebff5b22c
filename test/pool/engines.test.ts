/** What a thread keeps of the executables that it has loaded. */

import { expect, test } from 'vitest';
import type { Artifact, Executable } from '../../src/compile/executable.ts';
import { Engines } from '../../src/pool/engines.ts';

const MIB = 2 ** 20;

/** Engines whose executables hold so many bytes each, and the keys of those that were disposed. */
const enginesOf = (bytes: Readonly<Record<string, number>>) => {
  const disposed: string[] = [];
  const engines = new Engines(
    async ({ key }): Promise<Executable> => ({
      inputs: [],
      outputs: [],
      keptBytes: bytes[key] ?? 0,
      run: async () => [],
      dispose: async () => {
        disposed.push(key);
      },
    }),
  );
  const load = (key: string) => engines.load({ engine: 'onnx', key, inputs: [], outputs: [] } as Artifact, 1);
  return { engines, disposed, load };
};

test('the least recently used go when there are too many, but none that the job needs', async () => {
  const { engines, disposed, load } = enginesOf({});
  for (let k = 0; k < 40; k++) await load(`${k}`);
  engines.find('1', 1);
  await engines.trim({ own: ['0'] }, 1);
  expect(disposed).toEqual(['2', '3', '4', '5', '6', '7', '8', '9']);
});

test('and when they hold too much', async () => {
  const { engines, disposed, load } = enginesOf({ a: 300 * MIB, b: 200 * MIB, c: 100 * MIB });
  for (const key of ['a', 'b', 'c']) await load(key);
  await engines.trim({ own: ['a'] }, 1);
  expect(disposed).toEqual(['b']);
  await load('b');
  await engines.trim({ own: ['b'] }, 1);
  expect(disposed).toEqual(['b', 'a']);
});

test('a job that needs more than a thread keeps has it', async () => {
  const { engines, disposed, load } = enginesOf({ large: 2000 * MIB, other: MIB });
  await load('other');
  await load('large');
  await engines.trim({ own: ['large'] }, 1);
  expect(disposed).toEqual(['other']);
  await engines.clear();
  expect(disposed).toEqual(['other', 'large']);
  expect(engines.find('large', 1)).toBeUndefined();
});

test('a job whose programs hold too much together has them one after the other', async () => {
  const { engines, disposed, load } = enginesOf({ point: 300 * MIB, a: 200 * MIB, b: 200 * MIB, c: 10 * MIB });
  const need = { own: ['point', 'a', 'b', 'c'], pinned: 'point' };
  for (const [key, incoming] of [
    ['point', 300],
    ['a', 200],
    ['b', 200],
    ['c', 10],
  ] as const) {
    await engines.trim({ ...need, incoming: incoming * MIB }, 1);
    await load(key);
  }
  expect(disposed).toEqual(['a']);
  await engines.trim({ ...need, bytes: 0 }, 1);
  // What others read, and what ran last, stays.
  expect(disposed).toEqual(['a', 'b']);
});
