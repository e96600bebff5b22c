/** JAX and zodiax in a Python process of their own, asked for one run at a time. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export type PeerName = 'jax' | 'zodiax';

/** Columns of a Hessian by their index. */
export type Columns = Readonly<Record<string, readonly number[]>>;

export interface Peers {
  readonly versions: Readonly<Record<string, string>>;
  /** Seconds of one whole Hessian in `nbatches` blocks. */
  seconds(peer: PeerName, workload: string, nbatches: number): Promise<number>;
  /** Some columns of the Hessian, by JAX. */
  columns(workload: string, columns: readonly number[]): Promise<Columns>;
  close(): Promise<void>;
}

/** The Python files are not compiled: they stay in the source folder. */
const folder = fileURLToPath(new URL('../../bench/peers/', import.meta.url));

/** Sets the environment up where it isn't, and starts the runner. */
export const startPeers = async (): Promise<Peers> => {
  const setup = spawnSync('bash', ['setup.sh'], { cwd: folder, stdio: ['ignore', 2, 2] });
  if (setup.status !== 0) throw new Error(`bench/peers/setup.sh failed with ${setup.status}; see what pip said above`);
  const child = spawn('.venv/bin/python', ['runner.py'], { cwd: folder, stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async <T>(): Promise<T> => {
    const { value, done } = await lines.next();
    if (done) throw new Error('the Python runner ended; its error is above');
    return JSON.parse(value) as T;
  };
  const ask = <T>(command: object): Promise<T> => {
    child.stdin.write(`${JSON.stringify(command)}\n`);
    return next<T>();
  };
  const { versions } = await next<{ versions: Record<string, string> }>();
  return {
    versions,
    seconds: async (peer, workload, nbatches) => (await ask<{ seconds: number }>({ peer, workload, nbatches })).seconds,
    columns: (workload, columns) => ask<Columns>({ peer: 'columns', workload, columns }),
    close: async () => {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
};
