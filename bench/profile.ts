/**
 * Where a block's time goes: `npm run bench -- profile [mlp heat path/to/module.js] [--precision float64] [--group 3]
 * [--top 15]`. Each program of the plan runs on one thread with the engine's profiler on; what its nodes took is added
 * up per equation, beside what the cost model had predicted for it.
 */

import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { fuse } from '../src/fusion/fuse.ts';
import { prepareHessian, prepareJacobian } from '../src/index.ts';
import { type Aval, printAval, type Value } from '../src/ir/aval.ts';
import type { Equation, Program } from '../src/ir/program.ts';
import { flopsOf, nanosecondsOf, timesOf } from '../src/plan/cost.ts';
import { nativeNanosecondsOf } from '../src/plan/native-cost.ts';
import { seedsOf } from '../src/pool/run-job.ts';
import { type EngineProfile, type EquationTime, profileOf, valuesAt } from './engine-profile.ts';
import { loadOn } from './load-on.ts';
import { inputsOf, pose, type Subject, sourcesOf, subjectOf } from './subject.ts';
import { table } from './table.ts';
import { workloads } from './workloads/index.ts';

type Cells = readonly string[];

interface View {
  /** Equations shown by themselves. */
  readonly top: number;
  readonly group: number | undefined;
  readonly precision: string | undefined;
}

/** What the cost model says of each equation, in microseconds. */
const predictions = (program: Program): number[] => timesOf(program).map((time) => time / 1000);

const microseconds = (value: number): string => value.toFixed(value < 9.95 ? 1 : 0);
const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)}%`;

const shapeOf = (aval: Aval): string => printAval(aval);
const shapesOf = ({ inputs, output }: Equation): string =>
  `${inputs.map((a) => (a.kind === 'literal' ? String(a.value) : shapeOf(a.aval))).join(' ')} → ${shapeOf(output.aval)}`;

/** `MatMul`, `3×Transpose Mul`. */
const opsOf = (ops: readonly string[]): string => {
  const counts = new Map<string, number>();
  for (const op of ops) counts.set(op, (counts.get(op) ?? 0) + 1);
  return [...counts].map(([op, count]) => (count === 1 ? op : `${count}×${op}`)).join(' ');
};

const rate = (equation: Equation, measured: number): string => {
  if (equation.primitive !== 'dot' || measured === 0) return '';
  const flops = flopsOf({ inputs: [], equations: [equation], outputs: [] });
  return (flops / measured / 1000).toFixed(1);
};

const EQUATIONS = ['µs', 'share', 'model µs', 'GFLOP/s', 'equation', 'primitive', 'engine', 'shapes'];

const equationRows = (program: Program, { equations, run }: EngineProfile, top: number): string[] => {
  const predicted = predictions(program);
  const sorted = [...equations].sort((a, b) => b.microseconds - a.microseconds);
  const row = ({ index, microseconds: measured, ops }: EquationTime): Cells => {
    const equation = program.equations[index];
    if (!equation) return [microseconds(measured), percent(measured, run), '', '', '', 'results', opsOf(ops), ''];
    return [
      microseconds(measured),
      percent(measured, run),
      microseconds(predicted[index]),
      rate(equation, measured),
      String(index),
      equation.primitive,
      opsOf(ops),
      shapesOf(equation),
    ];
  };
  const rest = sorted.slice(top);
  const sum = (of: (time: EquationTime) => number): number => rest.reduce((total, time) => total + of(time), 0);
  const measured = sum((time) => time.microseconds);
  const foreseen = sum(({ index }) => predicted[index] ?? 0);
  const others: Cells[] =
    rest.length === 0
      ? []
      : [
          [
            microseconds(measured),
            percent(measured, run),
            microseconds(foreseen),
            '',
            '',
            `${rest.length} more`,
            '',
            '',
          ],
        ];
  return table(EQUATIONS, [...sorted.slice(0, top).map(row), ...others], 4);
};

const PRIMITIVES = ['µs', 'share', 'model µs', 'model ÷ µs', 'count', 'nodes', 'primitive'];

const primitiveRows = (program: Program, { equations, run }: EngineProfile): string[] => {
  const predicted = predictions(program);
  const sums = new Map<string, { measured: number; foreseen: number; count: number; nodes: number }>();
  for (const { index, microseconds: measured, ops } of equations) {
    const name = program.equations[index]?.primitive ?? 'results';
    const sum = sums.get(name) ?? { measured: 0, foreseen: 0, count: 0, nodes: 0 };
    sums.set(name, sum);
    sum.measured += measured;
    sum.foreseen += predicted[index] ?? 0;
    sum.count += 1;
    sum.nodes += ops.length;
  }
  const rows = [...sums]
    .sort(([, a], [, b]) => b.measured - a.measured)
    .map(([name, { measured, foreseen, count, nodes }]): Cells => {
      const ratio = measured > 0 ? (foreseen / measured).toFixed(2) : '';
      const numbers = [microseconds(measured), percent(measured, run), microseconds(foreseen), ratio];
      return [...numbers, String(count), String(nodes), name];
    });
  return table(PRIMITIVES, rows, 6);
};

/** `per`: how a run's time is shared out, for the title. */
const describe = (title: string, program: Program, profile: EngineProfile, top: number): string[] => {
  const { run, inNodes, nodes } = profile;
  const beside = Math.max(0, run - inNodes);
  const overhead = `${nodes} nodes, engine overhead ${microseconds(beside)} µs (${percent(beside, run)})`;
  const model = `the cost model predicts ${microseconds(nanosecondsOf(program) / 1000)} µs`;
  return [
    '',
    `  ${title}`,
    `    ${microseconds(run)} µs a run, ${model}; ${overhead}`,
    ...equationRows(program, profile, top),
    '',
    ...primitiveRows(program, profile),
  ];
};

/** Milliseconds of the whole pipeline, first call and then evaluation. */
const phasesOf = async ({ matrix, f, x, options }: Subject, precision: string | undefined): Promise<string[]> => {
  const prepare = (matrix === 'hessian' ? prepareHessian : prepareJacobian) as typeof prepareHessian;
  const given = precision === undefined ? options : { ...options, precision };
  const problem = await prepare(f as never, x as never, given as never);
  const first = await problem.evaluate(x as never);
  const again = await problem.evaluate(x as never);
  await problem.close();
  const line = (phases: typeof first.report.phases): string =>
    Object.entries(phases)
      .map(([name, ms]) => `${name} ${ms.toFixed(1)}`)
      .join(', ');
  const { workers } = again.report;
  return [
    `  phases, first call: ${line(first.report.phases)} ms`,
    `  phases, called again: run ${again.report.phases.run.toFixed(1)}, stitch ${again.report.phases.stitch.toFixed(1)} ms on ${workers || 1} thread(s)`,
  ];
};

const describeNodes = async (
  title: string,
  program: Program,
  operands: readonly Value[],
  top: number,
): Promise<[number, string]> => {
  const profile = await profileOf(program, operands);
  return [profile.run, describe(title, program, profile, top).join('\n')];
};

/** Runs of loops, of which the fastest counts. */
const RUNS = 40;

/** What loops take, of which no equation has a share of its own. */
const describeLoops = async (
  title: string,
  program: Program,
  operands: readonly Value[],
): Promise<[number, string]> => {
  const loops = await loadOn('native', program, operands);
  const runs: number[] = [];
  for (let k = 0; k < RUNS; k++) runs.push(await loops.run());
  await loops.release();
  const run = Math.min(...runs);
  const { kernels, calls } = fuse(program);
  const counts = `${program.equations.length} equations as ${calls.length} runs of ${kernels.length} loops`;
  const model = `the cost model predicts ${microseconds(nativeNanosecondsOf(program) / 1000)} µs`;
  return [run, `\n  ${title}\n    ${microseconds(run)} µs a run, ${model}; ${counts}, which are not told apart`];
};

const profileSubject = async (subject: Subject, { top, group, precision }: View): Promise<void> => {
  console.log(`${subject.name}`);
  if (!subject.streamed) for (const line of await phasesOf(subject, precision)) console.log(line);
  const problem = pose(subject, precision);
  const { planned } = problem;
  const inputs = inputsOf(problem);
  const { point, groups, tiles } = planned;
  const residuals = point ? await valuesAt(point, inputs) : [];
  let total = 0;
  if (point) {
    const title = 'point program: once per point and worker';
    const [run, lines] =
      planned.pointEngine === 'native'
        ? await describeLoops(title, point, inputs)
        : await describeNodes(title, point, inputs, top);
    total += run;
    if (group === undefined) console.log(lines);
  }
  for (const [k, part] of groups.entries()) {
    if (group !== undefined && group !== k) continue;
    const own = tiles.filter((tile) => tile.group === k);
    const middle = own[own.length >> 1];
    const operands = [...sourcesOf(part, inputs, residuals), seedsOf(part, middle)];
    const { shaping } = planned.prices[k];
    const title = `group ${k}: seeds ${part.first} … ${part.limit - 1}, ${shaping}, ${own.length} tiles of ${part.width}`;
    const [run, lines] =
      part.engine === 'native'
        ? await describeLoops(title, part.program, operands)
        : await describeNodes(title, part.program, operands, top);
    total += run * own.length;
    console.log(lines);
    console.log(`    ${microseconds(run / middle.count)} µs per seed`);
  }
  if (group === undefined) console.log(`\n  all tiles on one thread: ${(total / 1000).toFixed(1)} ms\n`);
};

export const main = async (args: readonly string[]): Promise<void> => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      only: { type: 'string' },
      precision: { type: 'string' },
      group: { type: 'string' },
      top: { type: 'string', default: '15' },
    },
  });
  await tf.setBackend('cpu');
  const named = [...(values.only?.split(',') ?? []), ...positionals];
  const view = {
    top: Number(values.top),
    group: values.group === undefined ? undefined : Number(values.group),
    precision: values.precision,
  };
  for (const name of named.length > 0 ? named : Object.keys(workloads))
    await profileSubject(await subjectOf(name), view);
};

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main(process.argv.slice(2));
