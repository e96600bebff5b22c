/** From a recorded function and the options of a call to its plan, within the memory limit; equal calls plan once. */

import { availableParallelism } from 'node:os';
import { BoundedCache } from './bounded-cache.ts';
import { collectGarbage, tidying } from './collect-garbage.ts';
import { lackingOnWebgpu } from './compile/onnx/for-webgpu.ts';
import type { DeviceName } from './device-traits.ts';
import { DiffopsError } from './errors.ts';
import { fileBytes } from './file/division.ts';
import type { Format } from './file/open-file.ts';
import { type FloatDtype, sizeOf } from './ir/aval.ts';
import type { Program } from './ir/program.ts';
import { hashOf } from './ir/serial.ts';
import { defaultMemoryLimit } from './memory-limit.ts';
import { checkNbatches, type Settings } from './options.ts';
import { formatBytes } from './plan/format.ts';
import {
  ALL_STARTED,
  blocksBytes,
  type Circumstances,
  engineBytesUnder,
  estimate,
  libraryBytes,
  type MemoryEstimate,
  matrixBytes,
  NONE_STARTED,
  type Started,
} from './plan/memory.ts';
import { describeTerms, Plan, type Planned } from './plan/plan.ts';
import { chooseMode, planHessian, planJacobian } from './plan/planner.ts';
import type { PlanRequest } from './plan/request.ts';
import type { Group } from './plan/strand.ts';
import { type Found, fastestWithin, nanosecondsOn, type Sized, sizedFor, type Thrift } from './plan/within.ts';
import type { Recording } from './trace/record.ts';
import { hasCustomTangents } from './transforms/final.ts';

export type MatrixKind = 'hessian' | 'jacobian';

/** How much of the result is held: all of it, or blocks on their way to a consumer, or strips on their way to a file. */
export type Held = 'matrix' | 'blocks' | Format;

/** What a plan is made for. */
export interface Aim {
  readonly memoryLimit: number;
  /** Whether the start of threads and engines is to fit, too. */
  readonly fresh: boolean;
}

/** What of a call shapes its plan. */
export interface PlannedCall {
  readonly kind: MatrixKind;
  readonly recording: Recording;
  readonly settings: Settings;
  readonly leaves: number;
  readonly precision: FloatDtype;
  readonly device: DeviceName;
  /** The devices that share the limit, but for the result and libraries, which are held once. */
  readonly sharing: readonly DeviceName[];
  readonly held: Held;
  /** Of a run that is taken up, which goes on with the plan of its begin. */
  readonly before: Aim | undefined;
  readonly started: Started;
}

/** Plans of recent programs, by structure and by what shapes them: an equal program plans nothing again. */
const plans = new BoundedCache<Planned>(64);
/** What was found for those that didn't fit as they were. */
const searches = new BoundedCache<Found>(16);

/** What `checkpoint` allows to be computed again, least first. */
const DEGREES = { auto: [0, 0.25, 0.5, 0.75, 1], true: [1], false: [0] } as const;

/** A plan, what it was made for, and how many workers memory bears; none: it runs in-process. */
export interface Bounded extends Aim {
  readonly planned: Planned;
  readonly mostWorkers: number;
  /** Whether it had to be looked for. */
  readonly searched: boolean;
  /** Whether its programs are interpreted. */
  readonly interpreted: boolean;
}

/** Estimates err: so much of a limit is planned for. */
const FILLED = 0.85;
/** What planning may leave uncollected, of the limit; V8 collects what is young by itself, and less isn't worth the while. */
const UNTIDY = 1 / 16;
const LEAST_UNTIDY = 2 ** 24;

/**
 * The plan of a call; refuses what can't be brought under its memory limit. Threads and engines that are yet to start
 * always count where workers are chosen, and in the choice of the plan only where nothing would run otherwise: so that
 * the cut into tiles, and with it the last bits of the result, is that of a warm process wherever it can be.
 */
export const planFor = (call: PlannedCall): Bounded => {
  const { before } = call;
  const limit = call.settings.memoryLimit ?? before?.memoryLimit ?? defaultMemoryLimit();
  const warm = planUnder(call, before ?? { memoryLimit: limit, fresh: false }, limit);
  if (isBounded(warm)) return warm;
  const fresh = before ? warm : planUnder(call, { memoryLimit: limit, fresh: true }, limit);
  if (isBounded(fresh)) return fresh;
  throw tooLarge(call, fresh.planned, limit);
};

type Tried = Bounded | Pick<Bounded, 'planned'>;

const isBounded = (tried: Tried): tried is Bounded => 'mostWorkers' in tried;

/** The plan that is made for a limit, and how many workers `limit` bears; only the plan where that is none. */
const planUnder = (call: PlannedCall, aim: Aim, limit: number): Tried => {
  let found = search(call, aim, call.settings.mode);
  const { mode, nbatches } = call.settings;
  if (found.fits !== 'freely' && call.kind === 'jacobian' && mode === 'auto' && nbatches === 'auto') {
    // The other way may take less.
    const other = search(call, aim, found.planned.facts.mode === 'reverse' ? 'forward' : 'reverse');
    const isSmaller = found.fits === 'not' && other.fits === 'not' && other.bytes < found.bytes;
    if (other.nanoseconds < found.nanoseconds || isSmaller) found = other;
  }
  const { planned } = found;
  if (found.fits === 'not') return { planned };
  const { held, sharing, started } = call;
  const searched = found.fits !== 'freely';
  const running = { limit: aim.memoryLimit, held, sharing, searched, interpreted: isInterpreted(call), started };
  const bears = (workers: number): boolean => bytesOf(planned, { ...running, workers }) <= FILLED * limit;
  const mostWorkers = bears(1) ? mostThat(bears) : 0;
  // In-process no thread has to start.
  if (mostWorkers === 0 && !(isHere(call) && bears(0))) return { planned };
  return {
    planned,
    memoryLimit: Math.floor(aim.memoryLimit / sharing.length),
    fresh: aim.fresh,
    mostWorkers,
    searched,
    interpreted: running.interpreted,
  };
};

/** Whether it can run in the calling thread. */
const isHere = ({ device, sharing }: PlannedCall): boolean => device === 'cpu' && sharing.length === 1;

/** The plan of a call in a mode that suits a memory limit. */
const search = (call: PlannedCall, { memoryLimit: limit, fresh }: Aim, mode: Settings['mode']): Found => {
  const degrees = DEGREES[`${call.settings.checkpoint}`];
  const key = `${keyOf(call, mode)}/${degrees[0]}`;
  const searchKey = `${key}/${call.settings.jit}/${degrees.length}/${call.held}/${limit}/${fresh}/${call.sharing}`;
  const known = searches.get(searchKey);
  if (known) return known;
  const groupsMade = new Map<string, readonly Group[]>();
  const tidy = tidying(Math.max(LEAST_UNTIDY, UNTIDY * limit));
  const plan = (thrift: Thrift, sample = false): Planned =>
    planned(call, mode, { groupsMade, tidy, sample, ...thrift });
  const workers = availableParallelism();
  const sizedAs =
    (searched: boolean) =>
    (made: Planned): Sized =>
      sizedFor(made, workers, (count) => {
        const { held, sharing } = call;
        const started = fresh ? NONE_STARTED : ALL_STARTED;
        const running = { workers: count, limit, held, sharing, searched, interpreted: isInterpreted(call), started };
        return count === 1 ? leastBytes(made, running, isHere(call)) : bytesOf(made, running);
      });
  const unbounded = { recomputed: degrees[0], tileBytes: Number.POSITIVE_INFINITY };
  const free = freely(key, FILLED * limit, sizedAs, () => plan(unbounded));
  if ('planned' in free) return free;
  return searches.getOrMake(searchKey, () => {
    const found = fastestWithin({ limit: FILLED * limit, degrees, free, plan, sized: sizedAs(true) });
    groupsMade.clear();
    collectGarbage();
    return found;
  });
};

/** The plan as if memory were no matter, if it fits on all of the machine's cores; else only what it takes: plans are large. */
const freely = (
  key: string,
  target: number,
  sizedAs: (searched: boolean) => (planned: Planned) => Sized,
  plan: () => Planned,
): Found | Sized => {
  const made = plans.getOrMake(key, plan);
  const sized = sizedAs(false)(made);
  const workers = sized.bytes.length;
  if (sized.bytes[workers - 1] <= target) {
    return { planned: made, fits: 'freely', nanoseconds: nanosecondsOn(sized, workers), bytes: sized.bytes[0] };
  }
  plans.delete(key);
  return sizedAs(true)(made);
};

/** Whether programs run op by op, by the evaluator. */
const isInterpreted = ({ settings, device }: PlannedCall): boolean => !settings.jit && device === 'cpu';

/** More than any pool has. */
const MOST_WORKERS = 1024;

const mostThat = (bears: (workers: number) => boolean): number => {
  let workers = 1;
  while (workers < MOST_WORKERS && bears(2 * workers)) workers *= 2;
  for (let step = workers; step >= 1; step /= 2) if (bears(workers + step)) workers += step;
  return workers;
};

/** How a plan would be run. */
interface Running {
  readonly workers: number;
  readonly limit: number;
  readonly held: Held;
  readonly sharing: readonly DeviceName[];
  readonly searched: boolean;
  readonly interpreted: boolean;
  readonly started: Started;
}

const heldBytes = (planned: Planned, { workers, limit, held }: Running): number => {
  if (held === 'matrix') return matrixBytes(planned);
  return held === 'blocks' ? blocksBytes(planned, workers) : fileBytes(planned, held, limit);
};

const circumstancesOf = (planned: Planned, running: Running): Circumstances => ({
  workers: running.workers,
  held: heldBytes(planned, running),
  engineBytes: engineBytesUnder(running.limit / running.sharing.length),
  searched: running.searched,
  interpreted: running.interpreted,
  started: running.started,
});

const estimateOf = (planned: Planned, running: Running): MemoryEstimate =>
  estimate(planned, circumstancesOf(planned, running));

/** Of all devices, were each to take what this one does. */
const bytesOf = (planned: Planned, running: Running): number => {
  const { sharing } = running;
  const held = heldBytes(planned, running);
  const own = estimateOf(planned, running).total - held - libraryBytes([planned.facts.device]);
  return held + libraryBytes(sharing) + sharing.length * own;
};

/** Workers of a device, and what of it is there already. */
export interface Staff {
  readonly workers: number;
  readonly started: Started;
}

/** The plan as it runs: with such a staff on each device, and so many bytes of the result held. */
export const planOfRun = (
  { parts, chosen }: { readonly parts: readonly Bounded[]; readonly chosen?: string | undefined },
  staff: readonly Staff[],
  held: number,
): Plan =>
  new Plan(
    parts.map(({ planned, memoryLimit, searched, interpreted }, k) => ({
      planned,
      chosen,
      circumstances: { ...staff[k], held, engineBytes: engineBytesUnder(memoryLimit), searched, interpreted },
    })),
  );

/** What shapes the plan of a call in a mode, but for memory. */
const keyOf = (call: PlannedCall, mode: Settings['mode']): string =>
  [
    call.kind,
    hashOf(call.recording.program),
    call.leaves,
    call.settings.nbatches,
    isMirrored(call),
    mode,
    call.device,
  ].join('/');

/** A gradient of the user's own may be another than the true one: H need not be symmetric then. Blocks have whole columns. */
const isMirrored = ({ recording: { program }, settings, held }: PlannedCall): boolean =>
  settings.symmetric && held !== 'blocks' && !hasCustomTangents(program);

/** Plans a call in a mode, told what to save. */
const planned = (
  call: PlannedCall,
  mode: Settings['mode'],
  effort: Thrift & Pick<PlanRequest, 'groupsMade' | 'tidy' | 'sample'>,
): Planned => {
  const { kind, recording, settings, leaves, precision, device } = call;
  const { nbatches } = settings;
  const request: PlanRequest = {
    program: recording.program,
    leaves,
    precision,
    device,
    nbatches,
    ...effort,
  };
  const made = kind === 'hessian' ? planHessian(request, isMirrored(call)) : planJacobianAs(request, mode);
  const lacking = LACKING[device];
  return lacking ? withElsewhere(made, lacking) : made;
};

/** What devices lack of a program and leave to the CPU. */
const LACKING: Partial<Record<DeviceName, (program: Program) => string[]>> = { webgpu: lackingOnWebgpu };

/** With what runs on the CPU all the same. */
const withElsewhere = (planned: Planned, lacking: (program: Program) => string[]): Planned => {
  const programs = [...planned.groups.map(({ program }) => program), ...(planned.point ? [planned.point] : [])];
  const elsewhere = [...new Set(programs.flatMap(lacking))].sort();
  return { ...planned, facts: { ...planned.facts, elsewhere } };
};

const planJacobianAs = (request: PlanRequest, asked: Settings['mode']): Planned => {
  const { nbatches, program } = request;
  // An explicit nbatches counts columns unless the mode says otherwise.
  const forward = asked === 'auto' && nbatches !== 'auto';
  const mode = forward ? 'forward' : asked === 'auto' ? chooseMode(request) : asked;
  if (mode === 'reverse') {
    const m = program.outputs.reduce((sum, a) => sum + sizeOf(a.aval.shape), 0);
    checkNbatches(nbatches, m, 'rows (mode: reverse counts blocks of rows)');
  }
  return planJacobian(request, mode);
};

/** What a plan takes on one worker; where it may run in-process, no thread has to start for it. */
const leastBytes = (planned: Planned, running: Running, here: boolean): number =>
  here
    ? Math.max(bytesOf(planned, { ...running, started: ALL_STARTED }), bytesOf(planned, { ...running, workers: 0 }))
    : bytesOf(planned, running);

/** The limit under which a plan would be taken; what executables may hold grows with it, by less than it does. */
const limitFor = (planned: Planned, running: Running, here: boolean): number => {
  const bytes = (limit: number): number => leastBytes(planned, { ...running, limit }, here);
  const wanted = (limit: number): number => Math.ceil(bytes(limit) / FILLED);
  let limit = wanted(running.limit);
  while (bytes(limit) > FILLED * limit) limit = Math.max(limit + 1, wanted(limit));
  return limit;
};

const tooLarge = (call: PlannedCall, planned: Planned, limit: number): DiffopsError => {
  const { kind, held, sharing, device, precision, settings, started } = call;
  const running = { workers: 1, limit, held, sharing, searched: true, interpreted: isInterpreted(call), started };
  const here = isHere(call);
  const needed = limitFor(planned, running, here);
  const inFile = limitFor(planned, { ...running, held: 'npy' }, here);
  const streamed = limitFor(planned, { ...running, held: 'blocks' }, here);
  const given = settings.memoryLimit === undefined ? ', half of the memory that is free' : '';
  // A run that is taken up can't be given other options.
  const options = [
    ...(held === 'matrix' && inFile <= limit ? [`write it to a file with out, for ${formatBytes(inFile)}`] : []),
    ...(held === 'matrix' && streamed <= limit
      ? [`take it in pieces with ${kind}Blocks, for ${formatBytes(streamed)}`]
      : []),
    ...(precision === 'float64' ? ["use precision: 'float32', for about half"] : []),
    ...(settings.checkpoint === false ? ["leave checkpoint 'auto'"] : []),
    ...(settings.nbatches === 'auto' ? [] : ["leave nbatches 'auto'"]),
  ];
  const remedies = [...(call.before ? [] : options), `raise memoryLimit to ${formatBytes(needed)}`];
  return new DiffopsError(
    'MEMORY_LIMIT',
    `this takes ${formatBytes(needed)} at least (${sharing.length > 1 ? `${device}, one of ${sharing.length} devices: ` : ''}` +
      `${describeTerms(estimateOf(planned, running))}); ` +
      `memoryLimit is ${formatBytes(limit)}${given}. ${sentence(remedies)}.`,
    { limit, needed, plan: new Plan([{ planned, circumstances: circumstancesOf(planned, running) }]).summary() },
  );
};

const sentence = (remedies: readonly string[]): string => {
  const text = remedies.join(', or ');
  return text[0].toUpperCase() + text.slice(1);
};
