/** The pipeline: record → plan → compile → run → stitch, and the runtime on which it runs. */

import type * as tf from '@tensorflow/tfjs-core';
import { type Blocks, blocksOf, failedBlocks } from './blocks.ts';
import { chooseDevice } from './choose-device.ts';
import { requireDevices } from './devices.ts';
import { evaluateToFile } from './evaluate-to-file.ts';
import type { FileMatrix } from './file/file-matrix.ts';
import { outOf } from './file/out.ts';
import { sizeOf } from './ir/aval.ts';
import type { Matrix } from './matrix.ts';
import {
  type HessianOptions,
  type InFile,
  type JacobianOptions,
  type RuntimeOptions,
  runtimeSettingsOf,
} from './options.ts';
import type { MatrixKind } from './planning.ts';
import type { PoolStats } from './pool/pool.ts';
import { type Evaluation, evaluateAt, Prepared, type Report, type Unflatten } from './prepared.ts';
import {
  type Asked,
  ask,
  compileAhead,
  compileAll,
  type OpenProblem,
  type Problem,
  type Purpose,
  planOn,
  recordProblem,
} from './problem.ts';
import { unflattenTree } from './pytree.ts';
import { Runners } from './runners.ts';
import { sharedRunners } from './shared-runners.ts';
import type { RecordedFunction } from './trace/record.ts';
import type { JacobianOf, TensorFunction } from './tree-types.ts';

/** `M`: a `FileMatrix` where the call had `out`. */
export interface HessianResult<X = unknown, M = Matrix> {
  /** `[n, n]`. */
  readonly H: M;
  readonly unflatten: Unflatten<X>;
  readonly report: Report;
}

/** `M`: a `FileMatrix` where the call had `out`. */
export interface JacobianResult<X = unknown, Y = unknown, M = Matrix> {
  /** `[...y.shape, n]`; a tree of these where f returns a tree. */
  readonly J: JacobianOf<Y, M>;
  readonly unflatten: Unflatten<X>;
  readonly report: Report;
}

/** `hessian`: into memory, or into the file `out`. */
export interface HessianFunction {
  <X, D = unknown>(f: TensorFunction<X, D, tf.Tensor>, x: X, options?: HessianOptions<D>): Promise<HessianResult<X>>;
  <X, D = unknown>(
    f: TensorFunction<X, D, tf.Tensor>,
    x: X,
    options: InFile<HessianOptions<D>>,
  ): Promise<HessianResult<X, FileMatrix>>;
}

/** `jacobian`: into memory, or into the file `out`. */
export interface JacobianFunction {
  <X, Y, D = unknown>(f: TensorFunction<X, D, Y>, x: X, options?: JacobianOptions<D>): Promise<JacobianResult<X, Y>>;
  <X, Y, D = unknown>(
    f: TensorFunction<X, D, Y>,
    x: X,
    options: InFile<JacobianOptions<D>>,
  ): Promise<JacobianResult<X, Y, FileMatrix>>;
}

const hessianResult = <M>(
  { part, unflatten, report }: Evaluation<M>,
  { planned: { rows, columns } }: Problem,
): HessianResult<never, M> => ({ H: part([rows, columns], 0), unflatten, report });

/** The rows of each output as a matrix of its own, over the same memory or in the same file. */
const jacobianResult = <Y, M>(
  { part, unflatten, report }: Evaluation<M>,
  { recording, planned: { columns } }: Problem,
): JacobianResult<never, Y, M> => {
  let row = 0;
  const parts = recording.program.outputs.map((output) => {
    const { shape } = output.aval;
    const start = row;
    row += sizeOf(shape);
    return part([...shape, columns], start);
  });
  return { J: unflattenTree(recording.outputs.structure, parts) as JacobianOf<Y, M>, unflatten, report };
};

/** Evaluates a problem at the point and data with which it was posed. */
const evaluateHere = (problem: Problem, runners: Runners): Promise<Evaluation<Matrix | FileMatrix>> => {
  const { x, fixed, settings } = problem;
  const evaluation: Promise<Evaluation<Matrix | FileMatrix>> = settings.out
    ? evaluateToFile(problem, runners, outOf(settings.out))
    : evaluateAt(problem, runners, x, fixed, settings);
  let over = false;
  const end = (): void => {
    over = true;
  };
  evaluation.then(end, end);
  compileAhead(problem, () => over).catch(() => {});
  return evaluation;
};

/** A pool that is kept, and all that computes matrices on it. Its functions may be taken off it; `await using` closes it. */
export class Runtime {
  readonly #runners: Runners;

  constructor(runners: Runners) {
    this.#runners = runners;
  }

  /** The whole Hessian `[n, n]` of f at x; f returns one element. With `out` it is written to a file. */
  readonly hessian: HessianFunction = async (f: RecordedFunction, x: unknown, options?: unknown): Promise<never> => {
    const problem = await this.#pose('hessian', f, x, options, 'matrix');
    return hessianResult(await evaluateHere(problem, this.#runners), problem) as never;
  };

  /** The whole Jacobian `[...y.shape, n]` of f at x. With `out` it is written to a file. */
  readonly jacobian: JacobianFunction = async (f: RecordedFunction, x: unknown, options?: unknown): Promise<never> => {
    const problem = await this.#pose('jacobian', f, x, options, 'matrix');
    return jacobianResult(await evaluateHere(problem, this.#runners), problem) as never;
  };

  /** Records, plans and compiles once; `evaluate` then takes any point of the same structure. */
  readonly prepareHessian = async <X, D = unknown>(
    f: TensorFunction<X, D, tf.Tensor>,
    x: X,
    options?: HessianOptions<D>,
  ): Promise<Prepared<X, D, HessianResult<X>>> =>
    new Prepared(
      compileAll(await this.#pose('hessian', f, x, options, 'prepared')),
      this.#runners,
      hessianResult<Matrix>,
    );

  /** Records, plans and compiles once; `evaluate` then takes any point of the same structure. */
  readonly prepareJacobian = async <X, Y, D = unknown>(
    f: TensorFunction<X, D, Y>,
    x: X,
    options?: JacobianOptions<D>,
  ): Promise<Prepared<X, D, JacobianResult<X, Y>>> =>
    new Prepared(
      compileAll(await this.#pose('jacobian', f, x, options, 'prepared')),
      this.#runners,
      jacobianResult<Y, Matrix>,
    );

  /** The Hessian in blocks of whole columns, each column once, in no promised order. */
  readonly hessianBlocks = <X, D = unknown>(
    f: TensorFunction<X, D, tf.Tensor>,
    x: X,
    options?: HessianOptions<D>,
  ): Blocks<X> => this.#blocks('hessian', f, x, options);

  /** The Jacobian in blocks of whole columns (whole rows in reverse mode), each once, in no promised order. */
  readonly jacobianBlocks = <X, Y, D = unknown>(
    f: TensorFunction<X, D, Y>,
    x: X,
    options?: JacobianOptions<D>,
  ): Blocks<X> => this.#blocks('jacobian', f, x, options);

  /** The pool's threads, what each has done, and what runs or waits, here or in-process. */
  readonly stats = (): PoolStats => this.#runners.stats();

  /** What runs or waits rejects with CLOSED; resolves when no thread is left. */
  readonly close = (): Promise<void> => this.#runners.close();

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #blocks(kind: MatrixKind, f: RecordedFunction, x: unknown, options: unknown): Blocks<never> {
    return blocksOf(
      () => recordProblem(this.#ask(kind, x, options, 'blocks'), f),
      async (opened) => {
        await this.#tryDevices(opened);
        return this.#plan(opened);
      },
      this.#runners,
    );
  }

  /** When this returns x and data are copied. */
  #ask(kind: MatrixKind, x: unknown, options: unknown, purpose: Purpose): Asked {
    this.#runners.requireOpen();
    this.#runners.requireSame(options);
    return ask(kind, x, options, purpose, this.#runners.devices);
  }

  async #tryDevices({ call }: Pick<Asked, 'call'>): Promise<void> {
    await requireDevices(this.#runners.tried, call.settings.signal);
    this.#runners.requireOpen();
  }

  async #plan(opened: OpenProblem): Promise<Problem> {
    const { devices, startedOn } = this.#runners;
    return devices === 'auto' ? chooseDevice(opened, startedOn) : planOn(opened, devices, startedOn);
  }

  /** On the CPU f is called before this waits for anything, elsewhere once the device was found. */
  async #pose(kind: MatrixKind, f: RecordedFunction, x: unknown, options: unknown, purpose: Purpose): Promise<Problem> {
    const asked = this.#ask(kind, x, options, purpose);
    if (this.#runners.tried.length > 0) await this.#tryDevices(asked);
    return this.#plan(recordProblem(asked, f));
  }
}

/** A runtime of one's own: its threads start with the first job that needs them and stay until `close()`. */
export const createRuntime = (options?: RuntimeOptions): Runtime =>
  new Runtime(new Runners(runtimeSettingsOf(options)));

/** The runtime of the bare functions for these options: what is kept are its places. */
const sharedRuntime = (options: RuntimeOptions | undefined): Runtime => new Runtime(sharedRunners(options));

/**
 * The whole Hessian `[n, n]` of f at x, in blocks of columns on the default runtime.
 * `f(x, data)` is called once, with a tensor for every leaf, and returns one element.
 */
export const hessian: HessianFunction = async (f: RecordedFunction, x: unknown, options?: RuntimeOptions) =>
  sharedRuntime(options).hessian(f as never, x, options as never) as never;

/** The whole Jacobian `[...y.shape, n]` of f at x; a tree of Jacobians where f returns a tree. */
export const jacobian: JacobianFunction = async (f: RecordedFunction, x: unknown, options?: RuntimeOptions) =>
  sharedRuntime(options).jacobian(f as never, x, options as never) as never;

/** Records, plans and compiles f once; `evaluate(x)` then gives what `hessian` gives. */
export const prepareHessian: Runtime['prepareHessian'] = async (f, x, options) =>
  sharedRuntime(options).prepareHessian(f, x, options);

/** Records, plans and compiles f once; `evaluate(x)` then gives what `jacobian` gives. */
export const prepareJacobian: Runtime['prepareJacobian'] = async (f, x, options) =>
  sharedRuntime(options).prepareJacobian(f, x, options);

/** The Hessian in blocks of whole columns; bad options reject the first `next()`. */
export const hessianBlocks: Runtime['hessianBlocks'] = (f, x, options) =>
  blocksHere(options, (runtime) => runtime.hessianBlocks(f, x, options));

/** The Jacobian in blocks of whole columns, or of whole rows in reverse mode; bad options reject the first `next()`. */
export const jacobianBlocks: Runtime['jacobianBlocks'] = (f, x, options) =>
  blocksHere(options, (runtime) => runtime.jacobianBlocks(f, x, options));

const blocksHere = <X>(options: RuntimeOptions | undefined, make: (runtime: Runtime) => Blocks<X>): Blocks<X> => {
  try {
    return make(sharedRuntime(options));
  } catch (error) {
    return failedBlocks(error);
  }
};
