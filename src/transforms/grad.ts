/** Reverse mode: cotangents of a program's inputs, as linearize and then transpose; with or without checkpoints. */

import type { Atom, Equation, Program, Var } from '../ir/program.ts';
import { freeVariables } from '../ir/program.ts';
import type { Ops } from '../primitives/ops.ts';
import { newOps } from '../primitives/table.ts';
import { linearize } from './linearize.ts';
import { replay } from './replay.ts';
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

/** A run of consecutive equations as a program over the variables that it takes from before it. */
interface Segment {
  readonly program: Program;
  /** The outer variables that its inputs and outputs stand for. */
  readonly takes: readonly Var[];
  readonly gives: readonly Var[];
}

const segmentsOf = (program: Program, count: number): Segment[] => {
  const size = Math.ceil(program.equations.length / count);
  const runs: Equation[][] = [];
  for (let i = 0; i < program.equations.length; i += size) runs.push(program.equations.slice(i, i + size));
  const usedLater = new Set<Atom>(program.outputs);
  const segments: Segment[] = [];
  for (const equations of runs.reverse()) {
    const gives = equations.map((e) => e.output).filter((v) => usedLater.has(v));
    const takes = freeVariables({ equations, outputs: gives });
    for (const v of takes) usedLater.add(v);
    segments.unshift({ program: { inputs: takes, equations, outputs: gives }, takes, gives });
  }
  return segments;
};

/** About √depth segments: as many values at the boundaries as inside a segment. */
const segmentCount = (program: Program): number => Math.max(1, Math.round(Math.sqrt(program.equations.length)));

/**
 * Like `vjpInto`, but forward values live only inside one segment of the program at a time: the pullback
 * computes each segment's forward pass again from the values at its boundary, in a region of its own.
 * Source: Griewank & Walther, Evaluating Derivatives, ch. 12, in its one-level form.
 */
export const checkpointedVjpInto = (
  ops: Ops,
  program: Program,
  inputs: readonly Atom[],
  active: readonly boolean[],
  merging = true,
): Vjp => {
  const segments = segmentsOf(program, segmentCount(program));
  const forward = new Map<Atom, Atom>(program.inputs.map((v, i) => [v, inputs[i]]));
  const lookUp = (a: Atom): Atom => (a.kind === 'literal' ? a : (forward.get(a) as Atom));
  const varied = new Set<Atom>(program.inputs.filter((_, i) => active[i]));
  for (const { program: body, takes, gives } of segments) {
    const outputs = replay(ops, body, takes.map(lookUp));
    for (const [i, v] of gives.entries()) forward.set(v, outputs[i]);
    if (takes.some((v) => varied.has(v))) for (const v of gives) varied.add(v);
  }
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
      for (const [k, { program: body, takes, gives }] of [...segments.entries()].reverse()) {
        const activeTakes = takes.map((v) => varied.has(v));
        const received = gives.map((v) => pending.get(v) ?? null);
        for (const v of gives) pending.delete(v);
        if (!activeTakes.includes(true) || received.every((c) => c === null)) continue;
        const region = k + 1;
        const { pullback } = vjpInto(ops, inRegion(body, region), takes.map(lookUp), activeTakes, merging);
        const results = pullback(received);
        const targets = takes.filter((_, i) => activeTakes[i]);
        for (const [i, v] of targets.entries()) accumulate(v, results[i]);
      }
      ops.region = 0;
      return program.inputs.filter((_, i) => active[i]).map((v) => pending.get(v) ?? null);
    },
  };
};

const inRegion = (program: Program, region: number): Program => ({
  ...program,
  equations: program.equations.map((e) => ({ ...e, region })),
});

/**
 * (…inputs) → (value, …gradients of the active inputs) for a program with one output of one element.
 */
export const grad = (program: Program, active: readonly boolean[], checkpoint: boolean, merging = true): Program => {
  const ops = newOps();
  const inputs = ops.adoptInputs(program);
  const { outputs, pullback } = (checkpoint ? checkpointedVjpInto : vjpInto)(ops, program, inputs, active, merging);
  const gradients = pullback([ops.full(outputs[0], 1)]);
  const activeInputs = inputs.filter((_, i) => active[i]);
  return ops.build([outputs[0], ...gradients.map((g, i) => ops.orZero(g, activeInputs[i]))]);
};
