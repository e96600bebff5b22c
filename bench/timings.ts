/**
 * Times whole matrices: `npm run bench [-- --peers] [--torch] [--only mlp,heat] [--runs 5]`. With peers, JAX and zodiax
 * run in alternation with diffops, and spot columns are compared; with torch, PyTorch runs, too, where it has a twin.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { devices } from '../src/index.ts';
import { CORES, type Contender, contender, firstCall } from './contenders.ts';
import type { Figures, WorkloadFigures } from './figures.ts';
import { machine } from './machine.ts';
import { type Columns, type PeerName, type Peers, startPeers } from './peers.ts';
import { results, root } from './places.ts';
import { asMarkdown, asText, header, row } from './tables.ts';
import { checked, UsageError } from './usage.ts';
import { workloads } from './workloads/index.ts';
import type { Workload } from './workloads/workload.ts';

/** float32 against float32, summed in other orders. */
const AGREEMENT = 2e-3;
/** Fresh processes for the first call of diffops and of zodiax; zodiax is called as often in one that is kept. */
const FIRST_CALLS = 3;
const ZODIAX_FIRST = 'zodiax, first call';
/** Seconds after which a peer isn't run on the same workload again. */
const PATIENCE = 30;
/** A float64 matrix beyond so many elements is left out. */
const HELD = 5e7;

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

/** The largest difference between own columns and the peer's, over the largest entry of these. */
const disagreement = (own: Columns, peer: Columns): number => {
  let worst = 0;
  let scale = 0;
  for (const [j, column] of Object.entries(peer)) {
    for (const [i, want] of column.entries()) {
      worst = Math.max(worst, Math.abs((own[j]?.[i] ?? Number.NaN) - want));
      scale = Math.max(scale, Math.abs(want));
    }
  }
  return worst / scale;
};

const hasTensorflow = (await devices()).some(({ name, available }) => name === 'tensorflow' && available);

const contendersOf = async (workload: Workload): Promise<Contender[]> => {
  const all = [await contender(workload, 'diffops'), await contender(workload, 'diffops, one worker', { workers: 1 })];
  // 800 MB for the large one, and no arithmetic to speak of.
  const held = workload.columns === undefined && workload.matrix !== 'jacobian' ? workload.n ** 2 : 0;
  if (held < HELD) all.push(await contender(workload, 'diffops, float64', { precision: 'float64' }));
  if (hasTensorflow) {
    all.push(await contender(workload, 'diffops, tensorflow', { device: 'tensorflow' }));
    all.push(await contender(workload, 'tensorflow, all cores', { device: 'tensorflow', workers: CORES }));
  }
  return all;
};

const measure = async (
  workload: Workload,
  runs: number,
  peers: Peers | undefined,
  torch: boolean,
): Promise<WorkloadFigures> => {
  const { name, about, n, matrix = 'hessian', columns = n } = workload;
  const seconds: Record<string, number[]> = {};
  let jaxCompiled: number | null = null;
  let apart: number | null = null;
  const note = (by: string, value: number): void => {
    seconds[by] = [...(seconds[by] ?? []), value];
    say(`${name}: ${by} ${value.toPrecision(3)} s`);
  };
  const isTried = (by: string): boolean => (seconds[by] ?? []).reduce((sum, s) => sum + s, 0) > PATIENCE;
  const ask = async (peer: PeerName): Promise<void> => {
    if (!peers || isTried(peer)) return;
    const { seconds: value, compiled } = await peers.run(peer, workload);
    jaxCompiled = compiled ?? jaxCompiled;
    note(peer, value);
  };
  const contenders = await contendersOf(workload);
  const spots = [0, Math.floor(columns / 3), columns === n ? n - 1 : Math.floor(columns / 2)];
  try {
    for (let k = 0; k < runs; k++) {
      for (const each of contenders) {
        const checked = k === 0 && each.name === 'diffops' && peers ? spots : [];
        const timed = await each.run(checked);
        note(each.name, timed.seconds);
        if (!peers || checked.length === 0) continue;
        apart = disagreement(timed.columns, await peers.columns(name, spots));
        say(`${name}: spot columns differ by ${apart.toExponential(1)} of the largest entry`);
        if (!(apart <= AGREEMENT)) throw new Error(`${name}: that is more than ${AGREEMENT}`);
      }
      await ask('jax');
      if (workload.hasRestricted) await ask('jax, restricted');
      if (torch && workload.hasTorch) await ask('torch');
    }
  } finally {
    for (const each of contenders) await each.close();
  }
  for (let k = 0; k < Math.min(FIRST_CALLS, runs); k++) {
    note('diffops, first call', firstCall(name, 'cpu'));
    if (hasTensorflow) note('tensorflow, first call', firstCall(name, 'tensorflow'));
    // As it is called, zodiax makes the whole matrix.
    if (columns < n) continue;
    await ask('zodiax');
    if (peers && !isTried(ZODIAX_FIRST)) note(ZODIAX_FIRST, peers.firstCall(workload));
  }
  return { workload: name, about, matrix, n, columns, seconds, jaxCompiled, disagreement: apart };
};

const versionOf = (name: string): string =>
  JSON.parse(readFileSync(`${root}node_modules/${name}/package.json`, 'utf8')).version;

export const main = async (args: string[]): Promise<void> => {
  const { values: flags } = parseArgs({
    args,
    options: {
      peers: { type: 'boolean', default: false },
      torch: { type: 'boolean', default: false },
      only: { type: 'string', default: Object.keys(workloads).join(',') },
      runs: { type: 'string' },
    },
  });
  const names = flags.only.split(',');
  checked(names, workloads, 'workload');
  if (flags.runs !== undefined && !(Number(flags.runs) >= 1))
    throw new UsageError(`--runs is ${flags.runs}; it is a number from 1 on`);
  const peers = flags.peers || flags.torch ? await startPeers(flags.torch) : undefined;
  const measured: WorkloadFigures[] = [];
  for (const name of names) {
    const workload = workloads[name]();
    try {
      const runs = flags.runs ? Number(flags.runs) : workload.runs;
      measured.push(await measure(workload, runs, peers, flags.torch));
    } catch (error) {
      // The others are measured all the same.
      console.error(error);
      process.exitCode = 1;
    }
  }
  await peers?.close();
  if (measured.length === 0) return;
  const figures: Figures = {
    date: new Date().toISOString(),
    machine: machine(),
    versions: { 'onnxruntime-node': versionOf('onnxruntime-node'), ...peers?.versions },
    workloads: measured,
  };
  mkdirSync(results, { recursive: true });
  const stamp = figures.date.slice(0, 19).replaceAll(':', '-');
  writeFileSync(`${results}${stamp}.json`, `${JSON.stringify(figures, undefined, 2)}\n`);
  writeFileSync(`${results}latest.md`, asMarkdown(figures));
  console.log(asText([header, ...measured.map(row)]));
};
