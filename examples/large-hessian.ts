/**
 * A Hessian that doesn't fit into memory: that of a network of 60 000 weights takes 14.5 GB, and is written to a file
 * under a memory limit of 2 GiB. Interrupt it, kill it, run it again: it goes on where it was.
 *
 *     node dist/examples/large-hessian.js [file, .npy or .zarr] [units of a hidden layer]
 */

import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import cliProgress from 'cli-progress';
import { DiffopsError, hessian, hvp, type Progress } from 'diffops';

const [out = 'output/large/H.npy', units = '214'] = process.argv.slice(2);
const HIDDEN = Number(units);
const INPUTS = 64;
const SAMPLES = 256;
/** Columns that are computed a second time, as products of the Hessian with a unit vector. */
const CHECKED = 5;
/** Of columns, between two lines of progress where there is no terminal. */
const STEP = 0.05;

/** Numbers that look like noise, the same in each run. */
const noise = (shape: number[], scale: number, seed: number): tf.Tensor => {
  let state = seed;
  const next = (): number => {
    state = (state * 16807) % 2147483647;
    return (state / 2147483647 - 0.5) * scale;
  };
  return tf.tensor(Float32Array.from({ length: tf.util.sizeFromShape(shape) }, next), shape);
};

const inputs = noise([SAMPLES, INPUTS], 2, 1);
const labels = noise([SAMPLES, 1], 2, 2);
const network = {
  bias1: noise([HIDDEN], 0.2, 3),
  bias2: noise([HIDDEN], 0.2, 4),
  bias3: noise([1], 0.2, 5),
  kernel1: noise([INPUTS, HIDDEN], 0.4, 6),
  kernel2: noise([HIDDEN, HIDDEN], 0.2, 7),
  kernel3: noise([HIDDEN, 1], 0.2, 8),
};

const loss = (p: typeof network): tf.Tensor => {
  const first = tf.tanh(inputs.matMul(p.kernel1).add(p.bias1));
  const second = tf.tanh(first.matMul(p.kernel2).add(p.bias2));
  return second.matMul(p.kernel3).add(p.bias3).squaredDifference(labels).mean();
};

/** A bar on a terminal, else a line now and then. */
const progress = (): { show: (progress: Progress) => void; stop: () => void } => {
  const format = '{bar} {value} of {total} columns, {left} to go';
  const bar = new cliProgress.SingleBar({ format, clearOnComplete: true }, cliProgress.Presets.shades_classic);
  let [started, shown] = [false, -1];
  const show = ({ columnsDone, columnsTotal, etaMs }: Progress): void => {
    const left = `${Math.ceil(etaMs / 1000)} s`;
    if (process.stderr.isTTY) {
      if (!started) bar.start(columnsTotal, columnsDone, { left });
      started = true;
      bar.update(columnsDone, { left });
      return;
    }
    const step = Math.floor(columnsDone / columnsTotal / STEP);
    if (step === shown) return;
    shown = step;
    console.error(`${columnsDone} of ${columnsTotal} columns, ${left} to go`);
  };
  return { show, stop: () => bar.stop() };
};

/** How far column j of the file is from H·e_j, against the largest entry. */
const distanceOf = async (column: Float32Array | Float64Array, j: number): Promise<number> => {
  let offset = 0;
  const unit = Object.fromEntries(
    Object.entries(network).map(([name, { shape, size }]) => {
      const leaf = new Float32Array(size);
      if (j >= offset && j < offset + size) leaf[j - offset] = 1;
      offset += size;
      return [name, tf.tensor(leaf, shape)];
    }),
  );
  const product = (await hvp(loss, network, unit as typeof network)) as Record<string, { data: Float32Array }>;
  const exact = Object.keys(network).flatMap((name) => [...product[name].data]);
  const largest = exact.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return exact.reduce((most, value, i) => Math.max(most, Math.abs(value - column[i])), 0) / largest;
};

await tf.ready();
mkdirSync(dirname(out), { recursive: true });
const { show, stop } = progress();
try {
  const { H, report } = await hessian(loss, network, { out, resume: true, memoryLimit: '2GiB', onProgress: show });
  stop();
  console.log(`${report}\n`);
  for (let k = 0; k < CHECKED; k++) {
    const j = Math.floor(((k + 0.5) * H.columns) / CHECKED);
    const { data } = await H.block([0, H.rows], [j, j + 1]);
    console.log(`column ${j}: ${(await distanceOf(data, j)).toExponential(1)} from H·e, of its largest entry`);
  }
} catch (error) {
  stop();
  if (!(error instanceof DiffopsError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
