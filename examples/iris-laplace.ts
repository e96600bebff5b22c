/**
 * How sure is a small network about a flower? It is trained on the iris data set with tfjs; the Hessian of its loss
 * at the mode, computed in blocks on the pool in float64, gives the answer (a Laplace approximation).
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import cliProgress from 'cli-progress';
import { hessian } from 'diffops';
import { dump } from 'npyjs';
import { covarianceOf, type Prediction, predict } from './iris/laplace.ts';
import { flowers, loss, species, standardize, toFloat64, train } from './iris/model.ts';
import { decompose, descend } from './iris/newton.ts';
import { drawMatrix } from './iris/picture.ts';

const ADAM_STEPS = 1000;
const SHOWN = 5;
const COLUMN = 12;
/** Sepal length and width, petal length and width in cm. */
const ASKED: Record<string, number[]> = {
  'a typical setosa': [5.0, 3.4, 1.5, 0.2],
  'a typical versicolor': [5.9, 2.8, 4.3, 1.3],
  'between two species': [6.1, 2.8, 4.9, 1.7],
  'a typical virginica': [6.6, 3.0, 5.6, 2.0],
  'nothing like an iris': [9.5, 1.0, 1.0, 3.5],
};

const folder = process.argv[2] ?? 'output';
const workers = availableParallelism();
const percent = (ps: number[]): string => ps.map((p) => `${(100 * p).toFixed(1)} %`.padStart(COLUMN)).join('');

await tf.ready();
const data = flowers();
const trained = train(data, ADAM_STEPS);
const mode = await descend(toFloat64(trained), data, workers);
console.log(`Trained ${ADAM_STEPS} steps in float32, then ${mode.steps} Newton steps in float64:`);
console.log(`loss ${mode.value.toFixed(6)}, gradient ${mode.gradientNorm.toExponential(1)}\n`);

const bar = new cliProgress.SingleBar(
  { format: 'Hessian {bar} {value}/{total} columns' },
  cliProgress.Presets.shades_classic,
);
let started = false;
const { H, report } = await hessian(loss, mode.network, {
  data,
  nbatches: 8,
  workers,
  onProgress: ({ columnsDone, columnsTotal }) => {
    if (!started) bar.start(columnsTotal, 0);
    started = true;
    bar.update(columnsDone);
  },
});
bar.stop();
console.log(`${report}\n`);

const spectrum = decompose(H.toArray());
const eigenvalues = [...spectrum.realEigenvalues].sort((a, b) => b - a);
const show = (values: number[]): string => values.map((value) => value.toPrecision(4)).join('  ');
console.log(`Spectrum, top:    ${show(eigenvalues.slice(0, SHOWN))}`);
console.log(`Spectrum, bottom: ${show(eigenvalues.slice(-SHOWN))}\n`);

const predictions = await predict(mode.network, standardize(Object.values(ASKED)), covarianceOf(spectrum));
console.log('How sure is the network? The mode alone, and averaged over all weights that the data allow:');
console.log(`${''.padEnd(31)}${species.map((name) => name.padStart(COLUMN)).join('')}`);
const print = (name: string, { atMode, averaged, deviations }: Prediction): void => {
  console.log(`${name.padEnd(22)}mode     ${percent(atMode)}`);
  console.log(
    `${''.padEnd(22)}posterior${percent(averaged)}   logits ± ${deviations.map((d) => d.toFixed(1)).join(', ')}`,
  );
};
Object.keys(ASKED).forEach((name, k) => {
  print(name, predictions[k]);
});

mkdirSync(folder, { recursive: true });
const [n] = H.shape;
writeFileSync(join(folder, 'H.npy'), new Uint8Array(dump(H.data as Float64Array, [n, n])));
writeFileSync(join(folder, 'H.png'), drawMatrix(H.data as Float64Array, n, eigenvalues));
console.log(`\nWrote ${join(folder, 'H.npy')} and ${join(folder, 'H.png')}.`);
