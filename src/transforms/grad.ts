/** Reverse mode: cotangents of a program's inputs, as linearize and then transpose; with or without checkpoints. */

import type { Atom, Equation, Program } from '../ir/program.ts';
import type { Ops } from '../primitives/ops.ts';
import { newOps } from '../primitives/table.ts';
import { linearize } from './linearize.ts';
import { replay } from './replay.ts';
import { segmentsOf, variedBy } from './segments.ts';
import { transposeInto } from './transpose.ts';

export interface Vjp {
  readonly outputs: readonly Atom[];
  /** Pulls cotangents of the outputs back to the active inputs; null is a symbolic zero. */
  pullback(cotangents: readonly (Atom | null)[]): (Atom | null)[];
}

/** Emits a program's forward pass and gives its pullback; all forward values that the pullback uses stay alive. */
export const vjpInto = (
  ops: Ops,
  program: Program,
  inputs: readonly Atom[],
  active: readonly boolean[],
  merging = true,
): Vjp => {
  const outputs = replay(ops, program, inputs);
  const { point, rest } = linearize(program, active, merging);
  return {
    outputs,
    pullback: (cotangents) => {
      // The forward pass is shared with `outputs` by the builder: equal equations are made once.
      const residuals = replay(ops, point, inputs);
      const tangents = rest.inputs.slice(residuals.length);
      return transposeInto(ops, rest, [...residuals, ...tangents.map(() => undefined)], cotangents);
    },
  };
};

/**
 * Like `vjpInto`, but of the segments to recompute, `recomputed` of the program by bytes (see `segmentsOf`), forward
 * values live only while their segment is worked on: the pullback computes its forward pass again from the values at
 * its boundary, in a region of its own. `anew`: the forward pass is in regions, too, for where nothing of it is kept from
 * tile to tile, or tangents go along with it.
 * Source: Griewank & Walther, Evaluating Derivatives, ch. 12, in its one-level form.
 */
export const checkpointedVjpInto = (
  ops: Ops,
  program: Program,
  inputs: readonly Atom[],
  active: readonly boolean[],
  recomputed: number,
  merging = true,
  anew = true,
): Vjp => {
  const segments = segmentsOf(program, active, recomputed);
  const varied = variedBy(program, active);
  // What doesn't vary is computed once, unless nothing is to be kept.
  const isAgain = ({ output }: Equation): boolean => recomputed >= 1 || varied.has(output);
  const forward = new Map<Atom, Atom>(program.inputs.map((v, i) => [v, inputs[i]]));
  const lookUp = (a: Atom): Atom => (a.kind === 'literal' ? a : (forward.get(a) as Atom));
  for (const [k, segment] of segments.entries()) {
    const body = anew && segment.recomputed ? inRegion(segment.program, 2 * k + 1, isAgain) : segment.program;
    const outputs = replay(ops, body, segment.takes.map(lookUp));
    for (const [i, v] of segment.gives.entries()) forward.set(v, outputs[i]);
  }
  ops.region = 0;
  return {
    outputs: program.outputs.map(lookUp),
    pullback: (cotangents) => {
      const pending = new Map<Atom, Atom>();
      const accumulate = (v: Atom, cotangent: Atom | null): void => {
        if (!cotangent || !varied.has(v)) return;
        const before = pending.get(v);
        pending.set(v, before ? ops.add(before, cotangent) : cotangent);
      };
      for (const [i, a] of program.outputs.entries()) accumulate(a, cotangents[i] ?? null);
      for (let k = segments.length - 1; k >= 0; k--) {
        const { program: own, takes, gives, recomputed: again } = segments[k];
        const activeTakes = takes.map((v) => varied.has(v));
        const received = gives.map((v) => pending.get(v) ?? null);
        for (const v of gives) pending.delete(v);
        if (!activeTakes.includes(true) || received.every((c) => c === null)) continue;
        // The last segment's values are there: its pullback comes next.
        const isAtHand = anew && k === segments.length - 1;
        const region = again ? 2 * k + (isAtHand ? 1 : 2) : 0;
        const body = again ? inRegion(own, region, isAgain) : own;
        const { pullback } = vjpInto(ops, body, takes.map(lookUp), activeTakes, merging);
        ops.region = region;
        const results = pullback(received);
        const targets = takes.filter((_, i) => activeTakes[i]);
        ops.region = region;
        for (const [i, v] of targets.entries()) accumulate(v, results[i]);
      }
      ops.region = 0;
      return program.inputs.filter((_, i) => active[i]).map((v) => pending.get(v) ?? null);
    },
  };
};

const inRegion = (program: Program, region: number, isIn: (equation: Equation) => boolean): Program => ({
  ...program,
  equations: program.equations.map((e) => (isIn(e) ? { ...e, region } : e)),
});

/** The program with the segments to recompute, `recomputed` of it by bytes, as regions. */
export const inRegions = (program: Program, active: readonly boolean[], recomputed: number): Program => {
  const varied = variedBy(program, active);
  const equations = segmentsOf(program, active, recomputed).flatMap((segment, k) =>
    segment.recomputed
      ? inRegion(segment.program, k + 1, ({ output }) => varied.has(output)).equations
      : segment.program.equations,
  );
  return { ...program, equations };
};

/**
 * (…inputs) → (value, …gradients of the active inputs) for a program with one output of one element, of which a share
 * of the forward values, `recomputed`, is computed again where the pullback needs them.
 */
export const grad = (program: Program, active: readonly boolean[], recomputed: number, merging = true): Program => {
  const ops = newOps();
  const inputs = ops.adoptInputs(program);
  const { outputs, pullback } = vjpOf(ops, program, inputs, active, recomputed, merging);
  const gradients = pullback([ops.full(outputs[0], 1)]);
  const activeInputs = inputs.filter((_, i) => active[i]);
  return ops.build([outputs[0], ...gradients.map((g, i) => ops.orZero(g, activeInputs[i]))]);
};

/** With checkpoints or without. */
export const vjpOf = (
  ops: Ops,
  program: Program,
  inputs: readonly Atom[],
  active: readonly boolean[],
  recomputed: number,
  merging = true,
): Vjp =>
  recomputed > 0
    ? checkpointedVjpInto(ops, program, inputs, active, recomputed, merging)
    : vjpInto(ops, program, inputs, active, merging);
