/** All validation of options, before any work: what may be given, in which range, and what comes later. */

import { DEVICE_NAMES, type DeviceName, type DeviceOption } from './device-traits.ts';
import { DiffopsError } from './errors.ts';
import type { FloatDtype } from './ir/aval.ts';
import { memoryLimitOf } from './memory-limit.ts';

/** Progress of a run, in columns of the matrix (rows in reverse mode). */
export interface Progress {
  readonly columnsDone: number;
  readonly columnsTotal: number;
  /** Milliseconds to go at the pace so far. */
  readonly etaMs: number;
}

/** What one evaluation may change. */
export interface EvaluateOptions<D = unknown> {
  /** The second argument of `f`: a tree that is not differentiated. */
  readonly data?: D;
  /** Stops within one tile; the call rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** What every derivative takes. */
export interface CommonOptions<D = unknown> extends EvaluateOptions<D> {
  /** `true`: compiled for the device. `false`: interpreted by diffops' own evaluator. Default `true`. */
  readonly jit?: boolean;
  /** dtype of computation and result; default `'float64'` when a leaf of `x` is float64, else `'float32'`. */
  readonly precision?: FloatDtype;
  /** `true`: recompute forward values in segments instead of keeping them. Default `'auto'`. */
  readonly checkpoint?: boolean | 'auto';
  /** Refuse NaN and ±Inf in inputs and results. Default `true`. */
  readonly checkFinite?: boolean;
  readonly device?: DeviceOption;
}

/** Where the pool's threads come from; they never change the cut into tiles. */
export interface RuntimeOptions {
  readonly device?: DeviceOption;
  /** Worker threads; default by cores and problem size. */
  readonly workers?: number;
  /** Threads inside one worker's engine; default 1. */
  readonly threadsPerWorker?: number;
}

/** With these, `hessian` and `jacobian` write the matrix to a file. */
export interface FileOptions {
  /** Path of the file, ending `.npy` or `.zarr`: it is there once it is whole. */
  readonly out: string;
  /** Goes on with a run that was cut off, if there was one. Default `false`. */
  readonly resume?: boolean;
}

interface MatrixOptions<D> extends CommonOptions<D>, RuntimeOptions {
  readonly device?: DeviceOption;
  /** The n columns in index blocks of w = ceil(n / nbatches); `'auto'` (default) leaves the width to the plan. */
  readonly nbatches?: number | 'auto';
  /** Bound on what the call adds, in bytes or as '2GiB'; default: half of the memory that is free. */
  readonly memoryLimit?: number | string;
}

export interface HessianOptions<D = unknown> extends MatrixOptions<D> {
  readonly out?: undefined;
  readonly resume?: undefined;
  /** Compute each pair of mirrored entries once. Default `true`. */
  readonly symmetric?: boolean;
}

export interface JacobianOptions<D = unknown> extends MatrixOptions<D> {
  readonly out?: undefined;
  readonly resume?: undefined;
  /** Columns by JVP, rows by VJP, or by cost (`'auto'`, default). */
  readonly mode?: 'auto' | 'forward' | 'reverse';
}

/** Options of a call with those of a file. */
export type InFile<Options> = Omit<Options, keyof FileOptions> & FileOptions;

/** The options after validation, with defaults filled in. */
export interface Settings {
  readonly nbatches: number | 'auto';
  readonly jit: boolean;
  readonly checkpoint: boolean | 'auto';
  /** Bytes; undefined: half of what is free. */
  readonly memoryLimit: number | undefined;
  readonly precision: FloatDtype | undefined;
  readonly mode: 'auto' | 'forward' | 'reverse';
  readonly symmetric: boolean;
  readonly checkFinite: boolean;
  readonly data: unknown;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: Progress) => void) | undefined;
  /** Where the matrix is to be written; undefined: it is held. */
  readonly out: { readonly path: string; readonly resume: boolean } | undefined;
}

/** What a call's options are validated for; each lists the names that it takes. */
export type OptionsFor = 'hessian' | 'jacobian' | 'product' | 'evaluate' | 'runtime';

const EVALUATE = ['data', 'signal', 'onProgress'];
const COMMON = [...EVALUATE, 'jit', 'precision', 'checkpoint', 'checkFinite', 'device'];
const THREADS = ['workers', 'threadsPerWorker'];
const FILE = ['out', 'resume'];
const TAKES: Record<OptionsFor, readonly string[]> = {
  hessian: [...COMMON, ...THREADS, 'nbatches', 'memoryLimit', 'symmetric', ...FILE],
  jacobian: [...COMMON, ...THREADS, 'nbatches', 'memoryLimit', 'mode', ...FILE],
  product: COMMON.filter((name) => name !== 'onProgress'),
  evaluate: EVALUATE,
  runtime: ['device', ...THREADS],
};

/** Options of the contract that this version doesn't have yet: refused, never ignored. */
const LATER: Readonly<Record<string, string>> = {
  sparsity: 'sparse results are not there yet; the dense matrix is computed (leave the option out)',
};

const optionError = (message: string, fields: Record<string, unknown>): DiffopsError =>
  new DiffopsError('OPTION', message, fields);

const show = (value: unknown): string => {
  switch (typeof value) {
    case 'string':
      return `'${value}'`;
    case 'bigint':
      return `${value}n`;
    case 'function':
      return 'a function';
    case 'object':
      return value === null ? 'null' : Array.isArray(value) ? 'an array' : 'an object';
    default:
      return String(value);
  }
};

const oneOf = <T>(name: string, value: unknown, allowed: readonly T[], fallback: T): T => {
  if (value === undefined) return fallback;
  if (allowed.includes(value as T)) return value as T;
  throw optionError(`${name} is ${show(value)}; it must be one of ${allowed.map(show).join(', ')}.`, {
    option: name,
    value,
  });
};

const positiveInteger = (name: string, value: unknown, limit: number): number | undefined => {
  if (value === undefined) return undefined;
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= limit) return value as number;
  throw optionError(`${name} is ${show(value)}; it must be an integer from 1 to ${limit}, or left out.`, {
    option: name,
    value,
    limit,
  });
};

/** The options, each read once: a getter that changes its mind can't slip past validation. Inherited ones count. */
const asRecord = (options: unknown): Record<string, unknown> => {
  const given: Record<string, unknown> = Object.create(null);
  if (options === undefined) return given;
  const tag = Object.prototype.toString.call(options);
  if (tag !== '[object Object]') {
    // A Map would pass for an object without any option.
    const what = typeof options === 'object' && options !== null ? `of type ${tag.slice(8, -1)}` : show(options);
    throw optionError(`options is ${what}; it must be an object such as { nbatches: 8 }.`, { value: options });
  }
  for (const name in options as object) given[name] = (options as Record<string, unknown>)[name];
  return given;
};

const checkNames = (given: Record<string, unknown>, use: OptionsFor): void => {
  for (const name of Object.keys(given)) {
    if (given[name] === undefined || (name === 'sparsity' && given[name] === false)) continue;
    if (Object.hasOwn(LATER, name)) {
      throw optionError(`${name} is not supported yet: ${LATER[name]}.`, { option: name, value: given[name] });
    }
    if (TAKES[use].includes(name)) continue;
    const elsewhere = Object.entries(TAKES)
      .filter(([, names]) => names.includes(name))
      .map(([other]) => other);
    const hint = elsewhere.length > 0 ? ` (${name} belongs to: ${elsewhere.join(', ')})` : '';
    throw optionError(`unknown option ${show(name)}${hint}; this call takes ${TAKES[use].join(', ')}.`, {
      option: name,
    });
  }
};

const isDevice = (value: unknown): value is DeviceName => DEVICE_NAMES.includes(value as DeviceName);

/** The devices asked for, each once; `'auto'`: the one that is likely fastest. */
const devicesOf = (value: unknown): Devices => {
  if (value === undefined) return ['cpu'];
  if (value === 'auto') return value;
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length > 0 && list.every(isDevice) && new Set(list).size === list.length) return list;
  const given = Array.isArray(value) ? `[${value.map(show).join(', ')}]` : show(value);
  throw new DiffopsError(
    'DEVICE',
    `device is ${given}; it must be one of ${DEVICE_NAMES.map(show).join(', ')}, 'auto', or a list of some of these, each once.`,
    { option: 'device', value },
  );
};

/** Refuses an `nbatches` that is no integer in 1…limit; `limit` is unknown (Infinity) until f was recorded in reverse mode. */
export const checkNbatches = (value: unknown, limit: number, what: string): number | 'auto' => {
  if (value === undefined || value === 'auto') return 'auto';
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= limit) return value as number;
  const range = Number.isFinite(limit) ? `from 1 to ${limit}, the number of ${what}` : 'of at least 1';
  throw new DiffopsError('NBATCHES', `nbatches is ${show(value)}; it must be an integer ${range}, or 'auto'.`, {
    value,
    limit,
  });
};

const checkSignal = (value: unknown): AbortSignal | undefined => {
  if (value === undefined || value instanceof AbortSignal) return value;
  throw optionError(`signal is ${show(value)}; it must be an AbortSignal, as of new AbortController().`, {
    option: 'signal',
  });
};

const checkCallback = <T>(name: string, value: unknown): T | undefined => {
  if (value === undefined || typeof value === 'function') return value as T | undefined;
  throw optionError(`${name} is ${show(value)}; it must be a function.`, { option: name });
};

const fileOf = (out: unknown, resume: boolean): Settings['out'] => {
  if (out === undefined) {
    if (!resume) return undefined;
    throw optionError('resume is true, but there is no out: give the path of the file that the run was to write.', {
      option: 'resume',
    });
  }
  if (typeof out === 'string' && /[^/\\]\.(npy|zarr)$/.test(out)) return { path: out, resume };
  throw optionError(`out is ${show(out)}; it must be a path that ends in .npy or .zarr.`, {
    option: 'out',
    value: out,
  });
};

/** The options of a call, validated but for `nbatches`: its upper limit is known when x is. */
export interface OpenSettings extends Omit<Settings, 'nbatches'> {
  readonly nbatches: unknown;
}

/** Validates the options of one call. */
export const settingsOf = (options: unknown, use: 'hessian' | 'jacobian' | 'product'): OpenSettings => {
  const given = asRecord(options);
  checkNames(given, use);
  runtimeOptionsOf(given);
  return {
    nbatches: given.nbatches,
    jit: oneOf('jit', given.jit, [true, false], true),
    checkpoint: oneOf<boolean | 'auto'>('checkpoint', given.checkpoint, ['auto', true, false], 'auto'),
    memoryLimit: memoryLimitOf(given.memoryLimit),
    precision: oneOf<FloatDtype | undefined>('precision', given.precision, ['float32', 'float64'], undefined),
    mode: oneOf('mode', given.mode, ['auto', 'forward', 'reverse'] as const, 'auto'),
    symmetric: oneOf('symmetric', given.symmetric, [true, false], true),
    checkFinite: oneOf('checkFinite', given.checkFinite, [true, false], true),
    out: fileOf(given.out, oneOf('resume', given.resume, [true, false], false)),
    ...evaluateOptionsOf(given),
  };
};

export type EvaluateSettings = Pick<Settings, 'data' | 'signal' | 'onProgress'>;

const evaluateOptionsOf = (given: Record<string, unknown>): EvaluateSettings => ({
  data: given.data,
  signal: checkSignal(given.signal),
  onProgress: checkCallback('onProgress', given.onProgress),
});

/** Validates what `evaluate` of a prepared problem takes. */
export const evaluateSettingsOf = (options: unknown): EvaluateSettings => {
  const given = asRecord(options);
  checkNames(given, 'evaluate');
  return evaluateOptionsOf(given);
};

/** Of a runtime: devices that are shared, or one that is chosen for each problem. */
export type Devices = readonly DeviceName[] | 'auto';

export interface RuntimeSettings {
  /** Undefined: left to the runtime. */
  readonly devices: Devices | undefined;
  readonly workers: number | undefined;
  readonly threadsPerWorker: number | undefined;
}

/** More threads than this on one machine are a mistake in the call. */
const THREAD_LIMIT = 1024;

export const runtimeOptionsOf = (given: Record<string, unknown>): RuntimeSettings => ({
  devices: given.device === undefined ? undefined : devicesOf(given.device),
  workers: positiveInteger('workers', given.workers, THREAD_LIMIT),
  threadsPerWorker: positiveInteger('threadsPerWorker', given.threadsPerWorker, THREAD_LIMIT),
});

/** Validates what `createRuntime` takes. */
export const runtimeSettingsOf = (options: unknown): RuntimeSettings => {
  const given = asRecord(options);
  checkNames(given, 'runtime');
  return runtimeOptionsOf(given);
};
