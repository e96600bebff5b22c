/** JAX and zodiax in a Python process of their own, asked for one run at a time. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export type PeerName = 'jax' | 'zodiax';

export interface PeerRun {
  readonly seconds: number;
  readonly n: number;
  /** The columns asked for, by index. */
  readonly columns: Readonly<Record<string, readonly number[]>>;
}

export interface PeerCommand {
  readonly peer: PeerName;
  readonly workload: string;
  readonly nbatches: number;
  readonly columns?: readonly number[];
}

export interface Peers {
  readonly versions: Readonly<Record<string, string>>;
  run(command: PeerCommand): Promise<PeerRun>;
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
  const { versions } = await next<{ versions: Record<string, string> }>();
  return {
    versions,
    run: (command) => {
      child.stdin.write(`${JSON.stringify(command)}\n`);
      return next<PeerRun>();
    },
    close: async () => {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
};
