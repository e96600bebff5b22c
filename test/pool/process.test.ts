/** What becomes of the process: it ends by itself, by exit, by a signal, and nothing is left behind. */

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

const scripts = fileURLToPath(new URL('./scripts/', import.meta.url));

const node = (
  args: readonly string[],
  onOutput: (text: string, kill: (s: NodeJS.Signals) => void) => void = () => {},
) =>
  new Promise<Outcome>((resolve) => {
    const child = spawn(process.execPath, args, { cwd: scripts, env: { ...process.env, NODE_OPTIONS: '' } });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk;
      onOutput(out, (signal) => child.kill(signal));
    });
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk;
    });
    child.on('close', (code, signal) => resolve({ code, signal, out, err }));
  });

describe('the process', () => {
  test('ends by itself after one run', async () => {
    expect(await node(['one-run.mjs'])).toMatchObject({ code: 0, out: 'tiles 20\n', err: '' });
  });

  test('ends by itself with a pool that was never used', async () => {
    expect(await node(['never-used.mjs'])).toMatchObject({ code: 0, out: 'made\n', err: '' });
  });

  test('ends by itself when a stream is forgotten', async () => {
    expect(await node(['abandoned-stream.mjs'])).toMatchObject({ code: 0, out: 'took one\n', err: '' });
  });

  test('exits with its own code in the middle of a run', async () => {
    expect(await node(['exit-mid-run.mjs'])).toMatchObject({ code: 5, signal: null, out: 'at once\n', err: '' });
  });

  test.each([0, 15, 30, 60, 90, 120])('exits with its own code while threads load, after %i ms', async (ms) => {
    expect(await node(['exit-while-loading.mjs', String(ms)])).toMatchObject({ code: 6, signal: null, err: '' });
  });

  test('dies of its own uncaught error in the middle of a run', async () => {
    const outcome = await node(['throw-mid-run.mjs']);
    expect(outcome).toMatchObject({ code: 1, signal: null });
    expect(outcome.err).toContain('of the user');
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('ends at once by %s', async (signal) => {
    let sent = 0;
    const outcome = await node(['wait-for-signal.mjs'], (out, kill) => {
      if (!out.includes('working') || sent > 0) return;
      sent = performance.now();
      kill(signal);
    });
    expect(outcome).toMatchObject({ code: null, signal, out: 'working\n', err: '' });
    expect(performance.now() - sent).toBeLessThan(3000);
  });

  test('has nothing of a pool that was closed: no thread, port, timer or listener', async () => {
    expect(await node(['closed.mjs'])).toMatchObject({
      code: 0,
      out: 'aborted\nCLOSED\nresources []\nlisteners as before\n',
      err: '',
    });
  });

  test('may be code given on the command line', async () => {
    const code =
      "const { newPool, start } = await import('./common.mjs'); await start(newPool(), { n: 4 }); console.log('ok');";
    expect(await node(['--input-type=module', '-e', code])).toMatchObject({ code: 0, out: 'ok\n', err: '' });
  });
});
