/** Runs a program as a user would, in a process of its own. */

import { spawnSync } from 'node:child_process';
import { root } from './sources.ts';

/** What TensorFlow.js says to everyone who uses its JavaScript backend in Node. */
const GREETING = /\n?=+\nHi, looks like you are running TensorFlow\.js in Node\.js\..*\n=+\n/;

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  /** Without TensorFlow.js' greeting. */
  readonly stderr: string;
}

/** `node …args`; a child that outlives `timeoutMs` is killed, and its status is null. */
export const runNode = (
  args: readonly string[],
  options: { cwd?: string; timeoutMs?: number; env?: Readonly<Record<string, string>> } = {},
): Finished => {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: options.cwd ?? root,
    env: { ...process.env, ...options.env },
    encoding: 'utf8',
    timeout: options.timeoutMs ?? 60_000,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { status, stdout, stderr: stderr.replace(GREETING, '') };
};

/** The TypeScript compiler over a project file. */
export const compile = (project: string): Finished =>
  runNode([`${root}/node_modules/typescript/bin/tsc`, '-p', project]);
