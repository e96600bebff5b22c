/** Kills the process that tries a device, as a machine short of memory would, and prints what became of each call. */

import { spawnSync } from 'node:child_process';
import * as tf from '@tensorflow/tfjs';

const [entry, device] = process.argv.slice(2);
const { hessian } = await import(entry);
const call = () =>
  hessian((x) => tf.sum(tf.square(x)), Float32Array.of(1), { device }).then(
    ({ H }) => H.toArray(),
    ({ code, message }) => ({ code, message }),
  );

const first = call();
const { status } = spawnSync('pkill', ['-KILL', '-P', String(process.pid), '-f', 'probe-device']);
process.stdout.write(JSON.stringify({ status, first: await first, second: await call() }));
