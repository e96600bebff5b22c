/**
 * A network of 60 layers whose intermediates are what takes memory, differentiated by a gain for each layer: computes the
 * point and some tiles of its Hessian or Jacobian, and prints what that added to the process, and what a tile took.
 * Its arguments are the folder of the built sources and { kind, recomputed, engine, samples, width, tiles, runs };
 * without an engine, programs run where their plan has them.
 */

import { pathToFileURL } from 'node:url';
import { peakBytes, resetPeak } from './high-water.mjs';

const [folder, json] = process.argv.slice(2);
const { kind, recomputed, engine, samples, width, tiles, runs } = JSON.parse(json);
const load = (file) => import(pathToFileURL(`${folder}/${file}`).href);
const tf = await import('@tensorflow/tfjs');
const { compileProgram } = await load('compile/compile.js');
const { loadArtifact } = await load('compile/load.js');
const { planHessian, planJacobian } = await load('plan/planner.js');
const { estimate } = await load('plan/memory.js');
const { arraysOf } = await load('pool/engines.js');
const { seedsOf } = await load('pool/run-job.js');
const { flattenTree } = await load('pytree.js');
const { record } = await load('trace/record.js');
const { valuesOf } = await load('unflatten.js');

const LAYERS = 60;

/** The layers' values after all of them, squared; the gains are what varies. */
const network = (layers, rows, columns) => {
  const start = tf.randomNormal([rows, columns], 0, 1, 'float32', 1);
  const weights = Array.from({ length: layers }, (_, k) =>
    tf.randomNormal([columns, columns], 0, 1.5 / Math.sqrt(columns), 'float32', 2 + k),
  );
  return (gains) => {
    const each = tf.split(gains, layers);
    return tf.square(weights.reduce((h, w, k) => tf.tanh(tf.mul(tf.matMul(h, w), each[k])), start));
  };
};

const planOf = (layers, rows, columns, share, levers) => {
  const values = network(layers, rows, columns);
  const f = kind === 'hessian' ? (x) => tf.mean(values(x)) : (x) => tf.mean(values(x), 0);
  const x = flattenTree(new Float32Array(layers).fill(1), { name: 'x', finite: true, differentiated: true });
  const { program, constants } = record(f, x, undefined, 'float32');
  const request = { program, leaves: 1, precision: 'float32', nbatches: 'auto', recomputed: share, levers };
  const planned = kind === 'hessian' ? planHessian(request, true) : planJacobian(request, kind);
  return { planned, inputs: [...valuesOf(x, 'float32'), ...constants] };
};

/** Like a worker: the point program, then tiles, each into the same arrays. */
const run = async ({ planned, inputs }, forced, count, times) => {
  const { point, pointEngine, groups } = planned;
  const loaded = async (program, own) => loadArtifact(compileProgram(program, forced ?? own), { threads: 1 });
  const first = point && (await loaded(point, pointEngine));
  const residuals = first ? await first.run(inputs, arraysOf(first)) : [];
  const executables = await Promise.all(groups.map(({ program, engine: own }) => loaded(program, own)));
  let fastest = Number.POSITIVE_INFINITY;
  for (let round = 0; round < times; round++) {
    for (const tile of planned.tiles.slice(0, count)) {
      const group = groups[tile.group];
      const known = group.sources.map(({ from, index }) => (from === 'input' ? inputs : residuals)[index]);
      const executable = executables[tile.group];
      const began = process.cpuUsage();
      await executable.run([...known, seedsOf(group, tile)], arraysOf(executable));
      const { user, system } = process.cpuUsage(began);
      fastest = Math.min(fastest, (user + system) / 1000);
    }
  }
  for (const executable of executables) await executable.dispose();
  await first?.dispose();
  return fastest;
};

await tf.setBackend('cpu');
// Another network, so that the recorder and both engines are up.
for (const each of ['onnx', 'native']) await run(planOf(3, 64, 8, 0, {}), each, 1, 1);
const subject = planOf(LAYERS, samples, width, recomputed, { native: engine !== 'onnx' });
globalThis.gc();
const before = resetPeak();
const milliseconds = await run(subject, engine, tiles, runs);
const { planned } = subject;
console.log(
  JSON.stringify({
    peak: peakBytes() - before,
    estimated: estimate(planned, { workers: 1, held: 0 }).total,
    flops: planned.facts.flops,
    milliseconds,
    width: planned.facts.tileWidth,
  }),
);
