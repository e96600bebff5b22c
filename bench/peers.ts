/** JAX, zodiax and perhaps PyTorch in a Python process of their own, asked for one run at a time. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Workload } from './workloads/workload.ts';

export type PeerName = 'jax' | 'jax, restricted' | 'zodiax' | 'torch';

/** Columns of a matrix by their index. */
export type Columns = Readonly<Record<string, readonly number[]>>;

export interface PeerRun {
  readonly seconds: number;
  /** Seconds of compiling, where this run was the first and compiled apart. */
  readonly compiled?: number | null;
}

export interface Peers {
  readonly versions: Readonly<Record<string, string>>;
  /** One whole matrix, or as many columns of it as the workload asks for. */
  run(peer: PeerName, workload: Workload): Promise<PeerRun>;
  /** Seconds of zodiax's first call in a fresh process. */
  firstCall(workload: Workload): number;
  /** Some columns of the matrix, by JAX. */
  columns(workload: string, columns: readonly number[]): Promise<Columns>;
  close(): Promise<void>;
}

/** The Python files are not compiled: they stay in the source folder. */
const folder = fileURLToPath(new URL('../../bench/peers/', import.meta.url));

const firstCall = ({ name, peerBatches }: Workload): number => {
  const { stdout, stderr, status } = spawnSync('.venv/bin/python', ['first_call.py', name, String(peerBatches)], {
    cwd: folder,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`zodiax's first call of ${name} failed: ${stderr}`);
  return Number(stdout);
};

/** Sets the environment up where it isn't, with PyTorch if it is wanted, and starts the runner. */
export const startPeers = async (torch: boolean): Promise<Peers> => {
  const setup = spawnSync('bash', ['setup.sh', ...(torch ? ['torch'] : [])], { cwd: folder, stdio: ['ignore', 2, 2] });
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
    run: (peer, { name, peerBatches, columns = null }) =>
      ask<PeerRun>({ peer, workload: name, nbatches: peerBatches, columns }),
    firstCall,
    columns: (workload, columns) => ask<Columns>({ peer: 'columns', workload, columns }),
    close: async () => {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
};
