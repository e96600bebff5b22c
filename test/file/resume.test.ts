/** Runs that are cut off by SIGKILL and taken up again end in the same bytes, and nothing else is taken for them. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  closeSync,
  cpSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRuntime, DiffopsError, type Progress } from '../../src/index.ts';
import { N, problem } from '../children/to-file-problem.mjs';
import { root } from '../support/sources.ts';
import { runNode } from '../support/spawn.ts';
import { newFolder } from './folder.ts';

const folder = newFolder();
/** Narrow tiles make many strips. */
const OPTIONS = { nbatches: 30 };

const runtimes = [1, 2].map((workers) => createRuntime({ workers }));
afterAll(() => Promise.all(runtimes.map((runtime) => runtime.close())));

interface Asked {
  readonly out: string;
  readonly resume?: boolean;
  readonly workers?: 1 | 2;
  readonly shift?: number;
  readonly factor?: number;
  readonly data?: number;
  readonly options?: Record<string, unknown>;
}

/** Writes it in this process: how many tiles were computed, and how many columns were there with the first of them. */
const write = async (asked: Asked): Promise<{ tiles: number; first: number }> => {
  const { out, resume = false, workers = 2, data = 1, options = OPTIONS } = asked;
  const { f, x } = problem(asked);
  let first = Number.POSITIVE_INFINITY;
  const onProgress = ({ columnsDone }: Progress): void => {
    first = Math.min(first, columnsDone);
  };
  const { report } = await runtimes[workers - 1].hessian(f, x, { ...options, out, resume, data, onProgress });
  return { tiles: report.threads.reduce((sum, thread) => sum + thread.tiles, 0), first };
};

const refusal = async (asked: Asked): Promise<DiffopsError> => {
  const error = await write(asked).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(DiffopsError);
  return error as DiffopsError;
};

/** Writes it in a process that kills itself when so many strips are written. */
const cutOff = (out: string, killAfter: number, options: object = OPTIONS): void => {
  const asked = JSON.stringify({ out, killAfter, options });
  const { status, stderr } = runNode([join(root, 'test/children/to-file.mjs'), asked]);
  expect([status, stderr]).toEqual([null, '']);
};

/** All files in a file or a folder, as one. */
const contents = (path: string): Buffer => {
  if (!statSync(path).isDirectory()) return readFileSync(path);
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' }).sort();
  const files = names.filter((name) => !statSync(join(path, name)).isDirectory());
  return Buffer.concat(files.flatMap((name) => [Buffer.from(name), readFileSync(join(path, name))]));
};

const journalOf = (out: string): string[] => readFileSync(`${out}.journal`, 'utf8').trimEnd().split('\n');

const copyRun = (from: string, to: string): void => {
  for (const end of ['.partial', '.journal']) cpSync(from + end, to + end, { recursive: true });
};

describe.each(['npy', 'zarr'])('%s', { timeout: 60_000 }, (format) => {
  const whole = folder.path(`whole.${format}`);
  const cut = folder.path(`cut.${format}`);
  let tiles: number;
  let files = 0;
  /** A copy of the run that was cut off. */
  const newCut = (): string => {
    const out = folder.path(`copy${files++}.${format}`);
    copyRun(cut, out);
    return out;
  };
  const expectWhole = (out: string): void => {
    expect(Buffer.compare(contents(out), contents(whole))).toBe(0);
    expect(folder.names().filter((name) => name.startsWith(`${basename(out)}.`))).toEqual([]);
  };
  const expectResumed = async (out: string): Promise<void> => {
    await write({ out, resume: true });
    expectWhole(out);
  };

  beforeAll(async () => {
    tiles = (await write({ out: whole })).tiles;
    cutOff(cut, 4);
  }, 60_000);

  test('killed in the middle, it goes on where it was, with any number of workers', async () => {
    const strips = journalOf(cut).length - 1;
    expect(strips).toBeGreaterThanOrEqual(4);
    for (const workers of [1, 2] as const) {
      const out = newCut();
      const resumed = await write({ out, resume: true, workers });
      expect(resumed.tiles).toBeLessThan(tiles);
      expect(resumed.first).toBeGreaterThan((strips * N) / 40);
      expectWhole(out);
    }
  });

  test('without anything to go on with, it begins', async () => {
    const out = folder.path(`fresh.${format}`);
    expect((await write({ out, resume: true })).tiles).toBe(tiles);
    expectWhole(out);
  });

  test('a strip that is torn is computed again, and none that is whole', async () => {
    const untouched = (await write({ out: newCut(), resume: true })).tiles;
    for (const [row, column] of [
      [1, 600],
      [600, 1],
    ]) {
      const out = newCut();
      spoil(out, row, column);
      const resumed = await write({ out, resume: true });
      expect(resumed.tiles).toBeGreaterThan(untouched);
      expect(resumed.tiles).toBeLessThan(tiles);
      expectWhole(out);
    }
  });

  /** Writes other bytes where an element of the matrix is. */
  const spoil = (out: string, row: number, column: number): void => {
    const { layout } = JSON.parse(journalOf(out)[0]) as { layout: { offset: number; chunks: [number, number] } };
    const [high, wide] = layout.chunks ?? [];
    const zarr = `${out}.partial/c/${Math.floor(row / high)}/${Math.floor(column / wide)}`;
    const file = openSync(format === 'npy' ? `${out}.partial` : zarr, 'r+');
    const at = format === 'npy' ? layout.offset + 4 * (row * N + column) : 4 * ((row % high) * wide + (column % wide));
    writeSync(file, Buffer.from([1, 2, 3, 4]), 0, 4, at);
    closeSync(file);
  };

  test.each(['{"strip":5,"cr', '\u0000\u0000\u0000\u0000', '{"strip":5,"crc":1,"spoiled":-1}', 'null\n'])(
    'a line that is torn doesn’t count: %j',
    async (line) => {
      const out = newCut();
      appendFileSync(`${out}.journal`, line);
      await expectResumed(out);
    },
  );

  test('the last strip is looked at, whatever the journal says', async () => {
    const out = newCut();
    const next = journalOf(out).length - 1;
    appendFileSync(`${out}.journal`, `{"strip":${next},"crc":1,"spoiled":-1}\n{"synced":true}\n`);
    await expectResumed(out);
  });

  test.each([
    '{"strip":99999,"crc":1,"spoiled":-1}',
    '{"strip":-1,"crc":1,"spoiled":-1}',
    '{"strip":6}',
    '{"strip":"6","crc":1,"spoiled":-1}',
    '[]',
    '{}',
  ])('nor does a line that can’t be: %s', async (line) => {
    const out = newCut();
    const [head, ...lines] = journalOf(out);
    writeFileSync(`${out}.journal`, `${[head, line, ...lines, line].join('\n')}\n`);
    await expectResumed(out);
  });

  test.each<[string, (head: Record<string, never>) => object]>([
    ['without a matrix', ({ matrix, ...head }) => head],
    ['without cuts', ({ cuts, ...head }) => head],
    ['with cuts out of order', (head) => ({ ...head, cuts: [0, 50, 40, N] })],
    ['with cuts that end too soon', (head) => ({ ...head, cuts: [0, 50] })],
    ['of another matrix', (head) => ({ ...head, matrix: { ...(head.matrix as object), rows: 3 } })],
  ])('a journal %s is refused', async (_, change) => {
    const out = newCut();
    const [head, ...lines] = journalOf(out);
    writeFileSync(`${out}.journal`, `${[JSON.stringify(change(JSON.parse(head))), ...lines].join('\n')}\n`);
    const { code, message } = await refusal({ out, resume: true });
    expect([code, message]).toEqual(['FILE', expect.stringMatching(/can't be resumed.*Delete .*to start anew/)]);
  });

  /** A run of which the journal says that all is on the disk. */
  const newSynced = (): string => {
    const out = newCut();
    appendFileSync(`${out}.journal`, '{"synced":true}\n');
    return out;
  };

  test.runIf(format === 'npy')(
    'what is cut off of a file, or behind it, or torn in its header, is made good',
    async () => {
      const { size } = statSync(`${cut}.partial`);
      for (const left of [0, 40, size / 2, size - 4, size + 9]) {
        const out = newSynced();
        truncateSync(`${out}.partial`, left);
        await expectResumed(out);
      }
      const out = newSynced();
      const file = openSync(`${out}.partial`, 'r+');
      writeSync(file, new Uint8Array(60), 0, 60, 0);
      closeSync(file);
      await expectResumed(out);
    },
  );

  test.runIf(format === 'zarr')(
    'chunks that are lost or cut off are computed again, and their description made anew',
    async () => {
      for (const name of ['c/0/0', 'c/0/2', 'c/2/0', 'c', 'zarr.json']) {
        const out = newSynced();
        rmSync(`${out}.partial/${name}`, { recursive: true });
        await expectResumed(out);
      }
      for (const name of ['c/1/1', 'zarr.json']) {
        const out = newSynced();
        truncateSync(`${out}.partial/${name}`, 5);
        await expectResumed(out);
      }
    },
  );

  test('a run whose journal is taken away gets whole all the same', async () => {
    const out = folder.path(`unnoted.${format}`);
    const { f, x } = problem();
    const onProgress = (): void => rmSync(`${out}.journal`, { force: true });
    await runtimes[1].hessian(f, x, { ...OPTIONS, out, data: 1, onProgress });
    expectWhole(out);
  });

  test('while another process writes it, it is that one’s; not when that is gone', async () => {
    const out = folder.path(`other.${format}`);
    const asked = JSON.stringify({ out, killAfter: 2, signal: 'SIGSTOP', options: OPTIONS });
    const other = spawn(process.execPath, [join(root, 'test/children/to-file.mjs'), asked], { stdio: 'ignore' });
    const gone = once(other, 'exit');
    try {
      const strips = (): number =>
        existsSync(`${out}.journal`) ? readFileSync(`${out}.journal`, 'utf8').split('"crc"').length - 1 : 0;
      await expect.poll(strips, { timeout: 30_000 }).toBeGreaterThanOrEqual(2);
      for (const resume of [false, true]) {
        const { code, fields, message } = await refusal({ out, resume });
        expect([code, fields.errno]).toEqual(['FILE', 'EBUSY']);
        expect(message).toMatch(new RegExp(`is being written by process ${other.pid}; `));
      }
      expect(strips()).toBeGreaterThanOrEqual(2);
    } finally {
      other.kill('SIGKILL');
      await gone;
    }
    await expectResumed(out);
  });

  test('a run is gone whose number another process has by now, or that was on another machine', async () => {
    const [out, host] = [newCut(), hostname()];
    const gone = { run: 'gone', host, pid: process.ppid, began: 'before' };
    for (const claim of [gone, { ...gone, host: 'elsewhere' }, { ...gone, pid: process.pid }]) {
      appendFileSync(`${out}.journal`, `${JSON.stringify({ claim })}\n`);
    }
    await expectResumed(out);
  });

  test.each([
    [{ factor: 1.5 }, ['program']],
    [{ shift: 1e-6 }, ['point']],
    [{ data: 2 }, ['data']],
    [{ options: { nbatches: 31 } }, ['options']],
    [{ options: { ...OPTIONS, symmetric: false } }, ['options']],
    [{ factor: 1.5, data: 2 }, ['program', 'data']],
  ])('with %j it is another run', async (change, differs) => {
    const out = newCut();
    const before = contents(`${out}.partial`);
    const { code, fields, message } = await refusal({ out, resume: true, ...change });
    expect([code, fields.differs]).toEqual(['FILE', differs]);
    expect(message).toMatch(/can't be resumed.*delete/);
    expect(Buffer.compare(contents(`${out}.partial`), before)).toBe(0);
    await expectResumed(out);
  });

  test.each([{}, { memoryLimit: 2 ** 30 }])('the plan is that of the beginning, with %j now', async (given) => {
    const [out, same] = [0, 1].map(() => folder.path(`limit${files++}.${format}`));
    const options = { memoryLimit: 120 * 2 ** 20 };
    cutOff(out, 2, options);
    const head = JSON.parse(journalOf(out)[0]) as { memoryLimit: number };
    expect(head.memoryLimit).toBe(options.memoryLimit);
    await write({ out: same, options });
    const refused = await refusal({ out, options: { memoryLimit: 8 * 2 ** 20 }, resume: true });
    expect([refused.code, refused.fields.limit]).toEqual(['MEMORY_LIMIT', 8 * 2 ** 20]);
    expect(refused.message).toMatch(/8 MiB\. Raise memoryLimit to [\d.]+ MiB\.$/);
    await write({ out, options: given, resume: true });
    expect(Buffer.compare(contents(out), contents(same))).toBe(0);
  });

  test('what is left of a run is not written over, nor is half of it taken up', async () => {
    const out = newCut();
    expect((await refusal({ out })).message).toMatch(/partial and .*journal .*resume: true/);
    rmSync(`${out}.partial`, { recursive: true });
    expect((await refusal({ out, resume: true })).message).toMatch(/\.partial is missing.*Delete .*\.journal/);
    const other = newCut();
    rmSync(`${other}.journal`);
    expect((await refusal({ out: other, resume: true })).message).toMatch(/\.journal is missing.*Delete .*\.partial/);
  });
});
