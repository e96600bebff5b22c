/**
 * The planner's choices against others, tried out: `npm run bench -- alternatives [mlp heat …] [--group 3]
 * [--device tensorflow]`. Each group's tile program in every shape at several widths runs on one thread; choice ÷ best
 * should be at most 1.15, and the prices that the cost model had given stand beside what was measured.
 */

import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import type { DeviceName } from '../src/device-traits.ts';
import { hashOf } from '../src/ir/serial.ts';
import { cheaperEngine } from '../src/plan/engines.ts';
import type { Levers } from '../src/plan/levers.ts';
import type { Planned } from '../src/plan/plan.ts';
import type { Shaping } from '../src/plan/prices.ts';
import { sharedWidth } from '../src/plan/width.ts';
import { loadOn, type Runnable } from './load-on.ts';
import { type AtPoint, atPoint, fastestOf, loadTile, planWith, pointFor, type Timed, tilesOf } from './plan-timing.ts';
import { inputsOf, pose, type Subject, subjectOf } from './subject.ts';
import { table } from './table.ts';
import { checked } from './usage.ts';
import { workloads } from './workloads/index.ts';

/** A way to shape one group's tiles: the choice, or a plan with levers that force it. */
interface Way {
  readonly shaping: Shaping;
  readonly width: number;
  readonly chosen: boolean;
  /** Nanoseconds per seed. */
  readonly predicted: number;
  readonly measured: number;
}

const SHAPES: Readonly<Record<Shaping, Partial<Levers>>> = {
  leading: { contraction: 'never', batchAxis: 'leading' },
  trailing: { contraction: 'never', batchAxis: 'trailing' },
  contracted: { contraction: 'always' },
};

/** Widths that are tried, over what the cache bears in a plain program. */
const WIDTHS = [1 / 4, 1, 4, 16];
const NARROWEST = 8;
const PER_GROUP = { milliseconds: 600, rounds: 4 };

/** Plans that force a shape on all groups, in tiles about so wide; each is made once. */
class Forced {
  readonly #plans = new Map<string, Promise<AtPoint>>();
  readonly #make: (shaping: Shaping, width: number) => Promise<AtPoint>;

  constructor(make: (shaping: Shaping, width: number) => Promise<AtPoint>) {
    this.#make = make;
  }

  plan(shaping: Shaping, width: number): Promise<AtPoint> {
    const key = `${shaping} ${width}`;
    const made = this.#plans.get(key) ?? this.#make(shaping, width);
    this.#plans.set(key, made);
    return made;
  }
}

const seedsOfPlan = ({ tiles }: Planned): number => tiles.reduce((sum, { count }) => sum + count, 0);

/** What each way takes per seed: its tiles, and what it has made at the point beyond what every way needs. */
const timeWays = async (ways: readonly { readonly at: AtPoint; readonly chosen: boolean }[], group: number) => {
  const tiles: Timed[] = [];
  const points: (Runnable | undefined)[] = [];
  for (const { at } of ways) {
    tiles.push(await loadTile(at, group));
    const point = pointFor(at.planned, group);
    points.push(
      point
        ? await loadOn(cheaperEngine(point, { device: at.planned.facts.device, native: true }).engine, point, at.inputs)
        : undefined,
    );
  }
  const perTile = await fastestOf(tiles, PER_GROUP);
  const perPoint = await fastestOf(points, { milliseconds: 0, rounds: 4 });
  for (const loaded of [...tiles, ...points]) await loaded?.release();
  const common = Math.min(...perPoint);
  return ways.map(({ at: { planned }, chosen }, k): Way => {
    const { first, limit, width } = planned.groups[group];
    const micros = perTile[k] * tilesOf(planned, group) + perPoint[k] - common;
    const { shaping, nanoseconds } = planned.prices[group];
    return { shaping, width, chosen, predicted: nanoseconds, measured: (1000 * micros) / (limit - first) };
  });
};

const waysOf = async (chosen: AtPoint, plain: Planned, forced: Forced, group: number): Promise<Way[]> => {
  const { first, limit, width: taken } = chosen.planned.groups[group];
  const seen = new Set([`${chosen.planned.prices[group].shaping} ${taken}`]);
  const ways = [{ at: chosen, chosen: true }];
  const most = Math.max(taken, sharedWidth(limit - first, Number.POSITIVE_INFINITY));
  for (const shaping of Object.keys(SHAPES) as Shaping[]) {
    for (const times of WIDTHS) {
      const wish = Math.min(most, Math.max(NARROWEST, Math.round(times * plain.groups[group].width)));
      const at = await forced.plan(shaping, wish);
      const key = `${shaping} ${at.planned.groups[group].width}`;
      if (seen.has(key)) continue;
      seen.add(key);
      ways.push({ at, chosen: false });
    }
  }
  return timeWays(ways, group);
};

const HEAD = ['', 'ns per seed', '÷ best', 'model ns', 'model ÷ measured', 'width', 'shape'];

const show = (ways: readonly Way[]): string[] => {
  const best = Math.min(...ways.map((way) => way.measured));
  const rows = [...ways]
    .sort((a, b) => a.measured - b.measured)
    .map((way) => [
      way.chosen ? '→' : '',
      way.measured.toFixed(0),
      (way.measured / best).toFixed(2),
      way.predicted.toFixed(0),
      (way.predicted / way.measured).toFixed(2),
      String(way.width),
      way.shaping,
    ]);
  return table(HEAD, rows, HEAD.length - 1);
};

interface Verdict {
  readonly name: string;
  readonly worst: number;
  readonly whole: number;
}

/** Devices whose programs run in this thread, and of whose prices there is something to say. */
const TIMED: Partial<Record<DeviceName, true>> = { cpu: true, tensorflow: true };

interface What {
  readonly precision: string | undefined;
  readonly device: DeviceName;
  readonly group: number | undefined;
}

const tryOut = async (subject: Subject, { precision, device, group: only }: What): Promise<Verdict> => {
  const problem = pose(subject, precision);
  const inputs = inputsOf(problem);
  const chosen = await atPoint(planWith(subject, problem, { device }), inputs);
  const { planned } = chosen;
  const plain = planWith(subject, problem, { device, levers: SHAPES.leading });
  const seeds = seedsOfPlan(planned);
  const forced = new Forced((shaping, width) =>
    atPoint(
      planWith(subject, problem, {
        device,
        levers: { ...SHAPES[shaping], fittingWidth: false },
        nbatches: Math.max(1, Math.ceil(seeds / width)),
      }),
      inputs,
    ),
  );
  console.log(subject.name);
  const known = new Map<string, Way[]>();
  let [worst, taken, least] = [1, 0, 0];
  for (const [k, { program, first, limit }] of planned.groups.entries()) {
    if (only !== undefined && only !== k) continue;
    const key = `${hashOf(program)} ${limit - first}`;
    const equal = known.get(key);
    const ways = equal ?? (await waysOf(chosen, plain, forced, k));
    known.set(key, ways);
    const choice = ways.find((way) => way.chosen) as Way;
    const best = Math.min(...ways.map((way) => way.measured));
    worst = Math.max(worst, choice.measured / best);
    taken += choice.measured * (limit - first);
    least += best * (limit - first);
    if (equal) continue;
    console.log(`  group ${k}: seeds ${first} … ${limit - 1}, choice ÷ best ${(choice.measured / best).toFixed(2)}`);
    console.log(show(ways).join('\n'));
  }
  console.log(`  ${subject.name}: choice ÷ best ${(taken / least).toFixed(2)}, worst group ${worst.toFixed(2)}\n`);
  return { name: subject.name, worst, whole: taken / least };
};

export const main = async (args: readonly string[]): Promise<void> => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      only: { type: 'string' },
      precision: { type: 'string' },
      group: { type: 'string' },
      device: { type: 'string', default: 'cpu' },
    },
  });
  await tf.setBackend('cpu');
  checked([values.device], TIMED, 'device');
  const device = values.device as DeviceName;
  const named = [...(values.only?.split(',') ?? []), ...positionals];
  const group = values.group === undefined ? undefined : Number(values.group);
  const verdicts: Verdict[] = [];
  for (const name of named.length > 0 ? named : Object.keys(workloads)) {
    verdicts.push(await tryOut(await subjectOf(name), { precision: values.precision, device, group }));
  }
  const rows = verdicts.map(({ name, worst, whole }) => [whole.toFixed(2), worst.toFixed(2), name]);
  console.log(table(['choice ÷ best', 'worst group', 'workload'], rows, 2).join('\n'));
};

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main(process.argv.slice(2));
