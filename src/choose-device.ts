/** `device: 'auto'`: the device on which a problem is likely done first, and why that is so. */

import { availableParallelism } from 'node:os';
import { DEVICE_NAMES, DEVICES, type DeviceName } from './device-traits.ts';
import { speedOf } from './devices.ts';
import { formatCount } from './plan/format.ts';
import type { Started } from './plan/memory.ts';
import { type OpenProblem, type Problem, planOn } from './problem.ts';

/** What the CPU does in less is done before another device has its programs: nanoseconds. */
const SMALL = 1e8;

/** A device must be so much faster at products of matrices than all cores: it is slower at most other things, and values must come back. */
const WORTH = 2;

/** Devices that can be faster than the CPU at all, best liked first. */
const CANDIDATES = DEVICE_NAMES.filter((name) => DEVICES[name].contends);

const predicted = ({ planned: { groups, prices } }: Problem): number =>
  groups.reduce((sum, { first, limit }, k) => sum + prices[k].nanoseconds * (limit - first), 0) /
  availableParallelism();

const rate = (perSecond: number): string => `${formatCount(perSecond)}FLOP/s`;

/** The problem on the device that is chosen for it. The CPU's plan says whether it is worth looking for another one. */
export const chooseDevice = async (
  opened: OpenProblem,
  startedOn: (device: DeviceName) => Started,
): Promise<Problem> => {
  const cpu = planOn(opened, ['cpu'], startedOn);
  if (!opened.call.settings.jit) return { ...cpu, chosen: 'jit: false interprets, on the CPU' };
  const nanoseconds = predicted(cpu);
  if (nanoseconds < SMALL) {
    const milliseconds = (nanoseconds / 1e6).toPrecision(2);
    return { ...cpu, chosen: `the CPU takes about ${milliseconds} ms, too little for another device` };
  }
  const able = CANDIDATES.filter((name) => DEVICES[name].float64 || opened.call.precision === 'float32');
  // One after the other: they would slow each other down.
  const found: { readonly name: DeviceName; readonly perSecond: number }[] = [];
  for (const name of able) {
    const perSecond = await speedOf(name);
    if (perSecond !== undefined) found.push({ name, perSecond });
  }
  const own = ((await speedOf('cpu')) ?? 0) * availableParallelism();
  const best = found.reduce((a, b) => (b.perSecond > a.perSecond ? b : a), {
    name: 'cpu' as DeviceName,
    perSecond: own,
  });
  const others =
    found.map(({ name, perSecond }) => `${name} ${rate(perSecond)}`).join(', ') || 'no other device is here';
  const measured = `products of matrices run at ${rate(own)} on all cores; ${others}`;
  if (best.name === 'cpu' || best.perSecond < WORTH * own) return { ...cpu, chosen: measured };
  return { ...planOn(opened, [best.name], startedOn), chosen: measured };
};
