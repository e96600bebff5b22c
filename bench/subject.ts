/** What profile and alternatives look at: a workload by name, or a module of the caller's that exports f and x. */

import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Value } from '../src/ir/aval.ts';
import type { Planned } from '../src/plan/plan.ts';
import { type Problem, poseProblem } from '../src/problem.ts';
import { valuesOf } from '../src/unflatten.ts';
import { checked, UsageError } from './usage.ts';
import { workloads } from './workloads/index.ts';

export interface Subject {
  readonly name: string;
  readonly matrix: 'hessian' | 'jacobian';
  readonly f: unknown;
  readonly x: unknown;
  /** Options of the call. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Whether blocks are streamed, so that no half is mirrored. */
  readonly streamed: boolean;
}

const IS_PATH = /[/\\]|\.[cm]?js$/;

/** `mlp`, or `path/to/module.js` whose exports are `f`, `x`, and perhaps `options` and `matrix`. */
export const subjectOf = async (name: string): Promise<Subject> => {
  if (IS_PATH.test(name)) {
    const { f, x, options = {}, matrix = 'hessian' } = await import(pathToFileURL(resolve(name)).href);
    if (typeof f !== 'function' || x === undefined)
      throw new UsageError(`${name} must export a function f and a tree x`);
    return { name, matrix, f, x, options, streamed: false };
  }
  const make = workloads[name];
  checked([name], workloads, 'workload');
  const { f, x, matrix = 'hessian', columns } = make();
  return { name, matrix, f, x, options: {}, streamed: columns !== undefined };
};

export const pose = ({ matrix, f, x, options, streamed }: Subject, precision?: string): Problem =>
  poseProblem(
    matrix,
    f as never,
    x,
    precision === undefined ? options : { ...options, precision },
    streamed ? 'blocks' : 'matrix',
  );

/** The inputs of the recorded program at the subject's point: x, data, constants. */
export const inputsOf = ({ x, data, precision, recording }: Problem): readonly Value[] => [
  ...valuesOf(x, precision),
  ...(data ? valuesOf(data, precision) : []),
  ...recording.constants,
];

/** A group's operands but for the seeds, from the inputs and the residuals. */
export const sourcesOf = (
  { sources }: Planned['groups'][number],
  inputs: readonly Value[],
  residuals: readonly Value[],
): Value[] => sources.map(({ from, index }) => (from === 'input' ? inputs : residuals)[index]);
