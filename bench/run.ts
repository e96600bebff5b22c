/**
 * Times whole Hessians: `npm run bench [-- --peers] [--only mlp,heat] [--runs 5]`. With peers, JAX and zodiax run in
 * alternation with diffops, and spot columns are compared.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import type { Matrix } from '../src/index.ts';
import { type Contender, firstCall, prepared } from './contenders.ts';
import { asMarkdown, asText, type Figures, header, row, type WorkloadFigures } from './figures.ts';
import { machine } from './machine.ts';
import { type Columns, type Peers, startPeers } from './peers.ts';
import { workloads } from './workloads/index.ts';
import type { Workload } from './workloads/workload.ts';

/** float32 against float32, summed in other orders. */
const AGREEMENT = 2e-3;
/** Fresh processes for the first call; zodiax is called as often. */
const FIRST_CALLS = 3;

const { values: flags } = parseArgs({
  options: {
    peers: { type: 'boolean', default: false },
    only: { type: 'string', default: Object.keys(workloads).join(',') },
    runs: { type: 'string' },
  },
});

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

/** The largest difference between columns of H and the peer's, over the largest entry of these. */
const disagreement = (H: Matrix, columns: Columns): number => {
  let worst = 0;
  let scale = 0;
  for (const [j, column] of Object.entries(columns)) {
    for (const [i, want] of column.entries()) {
      worst = Math.max(worst, Math.abs(H.get(i, Number(j)) - want));
      scale = Math.max(scale, Math.abs(want));
    }
  }
  return worst / scale;
};

const contendersOf = async (workload: Workload): Promise<Contender[]> => {
  const all = [await prepared(workload, 'diffops'), await prepared(workload, 'diffops, one worker', { workers: 1 })];
  // 800 MB for the large one, and no arithmetic to speak of.
  if (workload.name !== 'rosen') all.push(await prepared(workload, 'diffops, float64', { precision: 'float64' }));
  return all;
};

const measure = async (workload: Workload, peers: Peers | undefined): Promise<WorkloadFigures> => {
  const { name, n, peerBatches: nbatches } = workload;
  const runs = flags.runs === undefined ? workload.runs : Number(flags.runs);
  const seconds: Record<string, number[]> = {};
  const note = (contender: string, value: number): void => {
    seconds[contender] = [...(seconds[contender] ?? []), value];
    say(`${name}: ${contender} ${value.toPrecision(3)} s`);
  };
  const contenders = await contendersOf(workload);
  const spots = [0, Math.floor(n / 3), n - 1];
  let apart: number | null = null;
  for (let k = 0; k < runs; k++) {
    for (const contender of contenders) {
      const timed = await contender.run();
      note(contender.name, timed.seconds);
      if (k > 0 || contender.name !== 'diffops' || !peers) continue;
      say(`${name}: ${JSON.stringify(timed.report.phases)}`);
      apart = disagreement(timed.matrix, await peers.columns(name, spots));
      if (!(apart <= AGREEMENT)) throw new Error(`${name}: diffops and JAX differ by ${apart} of the largest entry`);
    }
    if (peers) note('jax', await peers.seconds('jax', name, nbatches));
  }
  for (const contender of contenders) await contender.close();
  for (let k = 0; k < Math.min(FIRST_CALLS, runs); k++) {
    note('diffops, first call', firstCall(name));
    if (peers) note('zodiax', await peers.seconds('zodiax', name, nbatches));
  }
  return { workload: name, n, seconds, disagreement: apart };
};

await tf.setBackend('cpu');
const root = fileURLToPath(new URL('../../', import.meta.url));
const versionOf = (name: string): string =>
  JSON.parse(readFileSync(`${root}node_modules/${name}/package.json`, 'utf8')).version;
const peers = flags.peers ? await startPeers() : undefined;
const measured: WorkloadFigures[] = [];
try {
  for (const name of flags.only.split(',')) {
    const workload = workloads[name];
    if (!workload) throw new Error(`no workload ${name}; there are ${Object.keys(workloads).join(', ')}`);
    measured.push(await measure(workload(), peers));
  }
} finally {
  await peers?.close();
}
const figures: Figures = {
  date: new Date().toISOString(),
  machine: machine(),
  versions: { 'onnxruntime-node': versionOf('onnxruntime-node'), ...peers?.versions },
  workloads: measured,
};
const results = `${root}bench/results/`;
mkdirSync(results, { recursive: true });
const stamp = figures.date.slice(0, 19).replaceAll(':', '-');
writeFileSync(`${results}${stamp}.json`, `${JSON.stringify(figures, undefined, 2)}\n`);
writeFileSync(`${results}latest.md`, asMarkdown(figures));
console.log(asText([header, ...measured.map(row)]));
