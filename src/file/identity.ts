/** What makes two runs the same, as hashes: the program, the point, the data, the options and the plan. */

import { createHash } from 'node:crypto';
import { DiffopsError } from '../errors.ts';
import type { Value } from '../ir/aval.ts';
import type { Program } from '../ir/program.ts';
import { hashOf } from '../ir/serial.ts';
import type { Planned } from '../plan/plan.ts';
import type { Identity } from './journal.ts';
import type { Out } from './out.ts';

export interface Run {
  readonly program: Program;
  readonly constants: readonly Value[];
  readonly x: readonly Value[];
  readonly data: readonly Value[];
  readonly options: Readonly<Record<string, unknown>>;
  /** Of each device. */
  readonly plans: readonly Planned[];
}

const hashOfValues = (start: string, values: readonly Value[]): string => {
  const hash = createHash('sha256').update(start);
  for (const { shape, dtype, data } of values) {
    hash.update(`${dtype}[${shape}]`);
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
};

/** What of a plan decides over the numbers: its programs, where they run, and how seeds are cut among them. */
const linesOf = ({ point, pointEngine, groups }: Planned): string => {
  const parts = groups.map(({ program, engine, first, limit, width, placement, outputs, sources }) =>
    JSON.stringify([hashOf(program), engine, first, limit, width, placement, outputs, sources]),
  );
  return [point ? hashOf(point) : '', pointEngine, ...parts].join('\n');
};

export const identityOf = ({ program, constants, x, data, options, plans }: Run): Identity => ({
  program: hashOfValues(hashOf(program), constants),
  point: hashOfValues('', x),
  data: hashOfValues('', data),
  options,
  plan: hashOfValues(plans.map(linesOf).join('\n\n'), []),
});

const NAMES: Readonly<Record<keyof Identity, string>> = {
  program: 'f (with all that it closes over)',
  point: 'x',
  data: 'data',
  options: 'options',
  plan: 'the plan',
};

/** Refuses to go on with a run that isn't the same, and says what differs. */
export const requireSame = (before: Identity, now: Identity, { path, partial, journal }: Out): void => {
  const differs = (Object.keys(NAMES) as (keyof Identity)[]).filter(
    (name) => JSON.stringify(before[name]) !== JSON.stringify(now[name]),
  );
  // Another program or other options have another plan anyway.
  const named = differs.length > 1 ? differs.filter((name) => name !== 'plan') : differs;
  if (named.length === 0) return;
  const what = named.map((name) => (name === 'options' ? optionsThatDiffer(before, now) : NAMES[name])).join(', ');
  throw new DiffopsError(
    'FILE',
    `${path} can't be resumed: it was begun with other values of ${what}. Give the same again, or delete ${partial} and ` +
      `${journal} to start anew.`,
    { path, differs: named },
  );
};

const optionsThatDiffer = ({ options: before }: Identity, { options: now }: Identity): string =>
  [...new Set([...Object.keys(before), ...Object.keys(now)])]
    .filter((name) => before[name] !== now[name])
    .map((name) => `${name} (${before[name]}, now ${now[name]})`)
    .join(', ');
