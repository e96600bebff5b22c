/** A problem: the function recorded at a point, planned and compiled, ready to be evaluated anywhere. */

import { performance } from 'node:perf_hooks';
import { compileProgram, completed, watched } from './compile/compile.ts';
import type { Artifact } from './compile/executable.ts';
import { DEVICE_NAMES, DEVICES, type DeviceName } from './device-traits.ts';
import { DiffopsError } from './errors.ts';
import type { Journal } from './file/journal.ts';
import { journalOf, type Out, outOf, requireWritable } from './file/out.ts';
import { type FloatDtype, sizeOf } from './ir/aval.ts';
import { checkNbatches, type Devices, type Settings, settingsOf } from './options.ts';
import { cellsOf } from './plan/cells.ts';
import { ALL_STARTED, engineBytesUnder, type Started } from './plan/memory.ts';
import type { Planned } from './plan/plan.ts';
import { type Aim, type Bounded, type Held, type MatrixKind, planFor } from './planning.ts';
import type { Fixed, Job, Share, Tile } from './pool/job.ts';
import { type Flat, flattenTree } from './pytree.ts';
import type { Strip } from './stitch/strip.ts';
import { type RecordedFunction, type Recording, record } from './trace/record.ts';
import { valuesOf } from './unflatten.ts';
import { whileCold } from './while-cold.ts';

/** Milliseconds spent before running. */
export interface PreparePhases {
  readonly record: number;
  readonly transform: number;
  readonly compile: number;
}

/** What a call starts from: its options, and its point and data copied. */
export interface Call {
  readonly settings: Settings;
  readonly x: Flat;
  readonly data: Flat | undefined;
  readonly precision: FloatDtype;
}

/** A problem as one device computes it. */
export interface Part extends Bounded {
  readonly device: DeviceName;
  /** The artifacts of the groups' programs, then that of the point program if there is one. */
  readonly artifacts: readonly Artifact[];
}

export interface Problem extends Call {
  readonly kind: MatrixKind;
  readonly recording: Recording;
  /** For each device. */
  readonly parts: readonly [Part, ...Part[]];
  /** The plan of the first device: what it says of the matrix holds for all. */
  readonly planned: Planned;
  readonly memoryLimit: number;
  readonly fresh: boolean;
  /** With `device: 'auto'`: why this device. */
  readonly chosen?: string;
  readonly phases: PreparePhases;
  /** What is fixed as long as no other data are given. */
  readonly fixed: Fixed;
}

/** Validates and copies all that a call was given; nothing of `f` has run yet. */
export const openCall = (x: unknown, options: unknown, use: MatrixKind | 'product'): Call => {
  const open = settingsOf(options, use);
  const { checkFinite: finite, mode } = open;
  const flat = flattenTree(x, { name: 'x', finite, differentiated: true });
  // In reverse mode it counts rows, whose number is known when f was recorded.
  const limit = mode === 'reverse' ? Number.POSITIVE_INFINITY : flat.size;
  const settings = { ...open, nbatches: checkNbatches(open.nbatches, limit, 'columns') };
  settings.signal?.throwIfAborted();
  const data = flattenData(settings.data, finite);
  return { settings, x: flat, data, precision: settings.precision ?? (flat.hasFloat64 ? 'float64' : 'float32') };
};

export const flattenData = (data: unknown, finite: boolean): Flat | undefined =>
  data === undefined ? undefined : flattenTree(data, { name: 'data', finite, differentiated: false });

/** What a problem is posed for: one matrix, many of them, or blocks that are given out one by one. */
export type Purpose = 'matrix' | 'prepared' | 'blocks';

/** The file that a matrix goes to, if it does: only where there is one, and if it can be written to. */
const outFor = ({ settings: { out } }: Call, kind: MatrixKind, purpose: Purpose): Out | undefined => {
  if (!out) return undefined;
  if (purpose === 'matrix') {
    const file = outOf(out);
    requireWritable(file);
    return file;
  }
  const here = purpose === 'prepared' ? 'a prepared problem gives many matrices' : 'blocks are given out one by one';
  throw new DiffopsError('OPTION', `out is ${out.path}, but ${here}; ${kind}(f, x, { out }) writes a file.`, {
    option: 'out',
    value: out.path,
  });
};

/** A matrix that is asked for: validated and copied, and nothing of `f` has run. */
export interface Asked {
  readonly call: Call;
  readonly kind: MatrixKind;
  readonly out: Out | undefined;
  readonly held: Held;
}

/** What no device of these could run is refused. */
export const ask = (kind: MatrixKind, x: unknown, options: unknown, purpose: Purpose, devices: Devices): Asked => {
  const call = openCall(x, options, kind);
  requireRunnable(call, devices);
  const out = outFor(call, kind, purpose);
  return { call, kind, out, held: purpose === 'blocks' ? 'blocks' : (out?.format ?? 'matrix') };
};

/** A problem that is recorded, and not planned. */
export interface OpenProblem extends Omit<Asked, 'out'> {
  readonly recording: Recording;
  /** Of the run that is taken up. */
  readonly before: Aim | undefined;
  /** Milliseconds. */
  readonly record: number;
}

const aimOf = (journal: Journal | undefined): Aim | undefined =>
  journal && { memoryLimit: journal.head.memoryLimit, fresh: journal.head.fresh ?? false };

export const recordProblem = ({ out, ...asked }: Asked, f: RecordedFunction): OpenProblem => {
  const { call, kind } = asked;
  const began = performance.now();
  const recording = whileCold(() => record(f, call.x, call.data, call.precision));
  if (kind === 'hessian') requireScalar(recording, kind);
  return {
    ...asked,
    recording,
    before: out && aimOf(journalOf(out)),
    record: performance.now() - began,
  };
};

/**
 * Plans for devices; programs are compiled when they are asked for. Blocks that are given out one by one have whole
 * columns: no mirrored half is skipped.
 */
export const planOn = (
  opened: OpenProblem,
  devices: readonly DeviceName[],
  startedOn: (device: DeviceName) => Started = () => ALL_STARTED,
): Problem => {
  const { call, kind, recording, held, before: aim } = opened;
  const { settings, precision, x: flat } = call;
  const t1 = performance.now();
  const shared = { kind, recording, leaves: flat.leaves.length, precision, sharing: devices, held, before: aim };
  const bounds: Bounded[] = [];
  for (const device of devices) {
    // All go the same way.
    const before = bounds[0]?.planned.facts.mode;
    const mode = before === 'forward' || before === 'reverse' ? before : settings.mode;
    bounds.push(planFor({ ...shared, settings: { ...settings, mode }, device, started: startedOn(device) }));
  }
  const t2 = performance.now();
  const phases = { record: opened.record, transform: t2 - t1, compile: 0 };
  const parts = bounds.map((bounded, k): Part => {
    const { planned } = bounded;
    const { point, pointEngine: engine } = planned;
    const programs = [...planned.groups, ...(point ? [{ program: point, engine }] : [])];
    const interpreter = settings.jit ? undefined : DEVICES[devices[k]].interpreter;
    const artifacts = programs.map(({ program, engine: compiled }) =>
      timed(phases, () => compileProgram(program, interpreter ?? compiled)),
    );
    return { ...bounded, device: devices[k], artifacts };
  }) as [Part, ...Part[]];
  const [{ planned }] = parts;
  return {
    ...call,
    kind,
    recording,
    parts,
    planned,
    memoryLimit: bounds.reduce((sum, bounded) => sum + bounded.memoryLimit, 0),
    fresh: bounds.some(({ fresh }) => fresh),
    phases,
    fixed: fixedOf({ recording, precision: call.precision }, call.data),
  };
};

/** Records and plans at once. */
export const poseProblem = (
  kind: MatrixKind,
  f: RecordedFunction,
  x: unknown,
  options: unknown,
  purpose: Purpose,
  devices: readonly DeviceName[] = ['cpu'],
): Problem => planOn(recordProblem(ask(kind, x, options, purpose, devices), f), devices);

/** Refuses what one of these devices lacks. */
export const requireRunnable = ({ precision, settings }: Call, devices: Devices): void => {
  for (const device of devices === 'auto' ? [] : devices) {
    const { float64, interpreter } = DEVICES[device];
    if (precision === 'float64' && !float64) {
      throw new DiffopsError(
        'DEVICE',
        `${device} has no float64, which x or precision asks for; give precision: 'float32', or device: 'cpu'.`,
        { device, precision },
      );
    }
    if (settings.jit || interpreter) continue;
    const others = DEVICE_NAMES.filter(
      (name) => DEVICES[name].interpreter && (DEVICES[name].float64 || precision === 'float32'),
    );
    throw new DiffopsError(
      'OPTION',
      `jit is false, but ${device} runs compiled programs only; leave jit out, or take a device that interprets: ` +
        `${others.map((name) => `'${name}'`).join(', ')}.`,
      { option: 'jit', value: false, device },
    );
  }
};

/** An artifact whose making counts in `phases`, whenever that is. */
const timed = (phases: { compile: number }, make: () => Artifact): Artifact => {
  const watch = <T>(step: () => T): T => {
    const began = performance.now();
    const result = whileCold(step);
    phases.compile += performance.now() - began;
    return result;
  };
  return watched(watch(make), watch);
};

/** Compiles what isn't compiled yet. */
export const compileAll = (problem: Problem): Problem => {
  for (const { artifacts } of problem.parts) for (const artifact of artifacts) completed(artifact);
  return problem;
};

/**
 * Compiles the rest of a problem that already runs, an artifact at a time: in the order in which threads will ask for
 * them, but for what they ask for sooner, and until it is over. What fails here fails where it is asked for.
 */
export const compileAhead = async ({ parts }: Problem, isOver: () => boolean): Promise<void> => {
  // The point program stands last and runs first.
  const inOrder = parts.flatMap(({ artifacts, planned: { groups } }) => [
    ...artifacts.slice(groups.length),
    ...artifacts.slice(0, groups.length),
  ]);
  for (const artifact of inOrder) {
    await new Promise((resolve) => setImmediate(resolve));
    if (isOver()) return;
    completed(artifact);
  }
};

export const requireScalar = ({ program }: Recording, name: string): void => {
  const shapes = program.outputs.map((a) => `[${a.aval.shape.join(', ')}]`);
  if (program.outputs.length === 1 && sizeOf(program.outputs[0].aval.shape) === 1) return;
  throw new DiffopsError(
    'NOT_SCALAR',
    `${name} needs an f that returns one element; this f returned ${shapes.join(', ') || 'nothing'}. ` +
      'Sum it up (tf.sum), or use jacobian.',
    { shapes: program.outputs.map((a) => a.aval.shape) },
  );
};

/** Numbers what is fixed in jobs. */
let fixedSoFar = 0;

/** The values that stay the same as long as data does: data, then the captured constants. */
export const fixedOf = (
  { recording, precision }: Pick<Problem, 'recording' | 'precision'>,
  data: Flat | undefined,
): Fixed => ({ key: fixedSoFar++, values: [...(data ? valuesOf(data, precision) : []), ...recording.constants] });

/** How the jobs of a problem are cut: tiles of the only device, or cells, which end where strips do, of several. */
export interface Cutting {
  readonly tiles: readonly Tile[];
  readonly strips?: readonly Strip[];
}

/** The job of each device. */
export const jobsOf = (
  problem: Problem,
  x: Flat,
  fixed: Fixed,
  { threads, shares }: { readonly threads: number; readonly shares: readonly Share[] },
  { tiles, strips }: Cutting,
): Job[] => {
  const { parts, precision } = problem;
  const inputs = valuesOf(x, precision);
  const cells =
    parts.length === 1
      ? [tiles]
      : cellsOf(
          parts.map(({ planned }) => planned),
          strips,
        );
  return parts.map(({ planned, artifacts, memoryLimit }, k) => ({
    share: shares[k],
    artifacts,
    point: planned.point ? planned.groups.length : null,
    inputs,
    fixed,
    groups: planned.groups.map(({ program: _, ...group }, index) => ({ ...group, artifact: index })),
    tiles: cells[k],
    dtype: planned.dtype,
    rows: planned.rows,
    columns: planned.columns,
    engineBytes: engineBytesUnder(memoryLimit),
    threads,
  }));
};
