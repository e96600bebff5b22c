/** The inner face of tfjs' global engine: what the recorder reads, swaps and overrides while it records. */

import * as tf from '@tensorflow/tfjs-core';
import { DiffopsError } from '../errors.ts';

export type TensorInputs = Readonly<Record<string, tf.TensorInfo | null | undefined>>;
type KernelResult = tf.Tensor | tf.Tensor[];

/** Either a kernel by name or, for `tf.customGrad`, a forward function with its gradient. */
interface KernelCall {
  readonly kernelName?: string;
  readonly inputs: TensorInputs;
}

export interface CustomCall extends KernelCall {
  readonly inputs: Readonly<Record<string, tf.Tensor>>;
  readonly forwardFunc: (backend: tf.KernelBackend, save: (tensors: tf.Tensor[]) => void) => tf.Tensor;
  /** Gradients of the inputs, by their names. */
  readonly backwardsFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => Readonly<Record<string, () => tf.Tensor>>;
}

/** Methods that are overridden on the engine instance; tfjs reaches all of them through that instance. */
export interface EngineMethods {
  runKernel(name: string, inputs: TensorInputs, attrs?: object): KernelResult;
  runKernelFunc(call: KernelCall): KernelResult;
  makeTensor(values: ArrayLike<unknown> | null, shape: number[], dtype?: string, backend?: tf.KernelBackend): tf.Tensor;
  trackTensor(tensor: tf.Tensor, backend?: tf.KernelBackend | null): void;
  incRef(tensor: tf.Tensor, backend?: tf.KernelBackend | null): void;
  disposeTensor(tensor: tf.Tensor): void;
  disposeVariable(variable: tf.Variable): void;
  startScope(name?: string): void;
  clone(tensor: tf.Tensor): tf.Tensor;
  addTapeNode(
    name: string,
    inputs: Readonly<Record<string, TapedTensor>>,
    outputs: readonly TapedTensor[],
    gradient: unknown,
    saved: readonly tf.Tensor[],
    attrs: object,
  ): void;
}

/** What a gradient tape knows a tensor by, also once the tensor itself is disposed of, or goes by another id. */
export interface TapedTensor extends tf.TensorInfo {
  readonly id: number;
  readonly size: number;
}

export type TapeGradient = (
  this: TapeNode,
  dys: readonly (tf.Tensor | null)[],
) => Readonly<Record<string, () => tf.Tensor>>;

/** What a gradient tape remembers of one kernel or function. */
export interface TapeNode {
  readonly inputs: Readonly<Record<string, TapedTensor>>;
  readonly outputs: readonly TapedTensor[];
  readonly saved: readonly tf.Tensor[];
  /** From gradients of the outputs, null where there are none, to those of the inputs. */
  gradient?: TapeGradient | undefined;
}

interface EngineState {
  readonly scopeStack: readonly { readonly name: string }[];
  readonly activeScope: { readonly name: string } | null;
  readonly tensorInfo: WeakMap<object, unknown>;
  activeTape: readonly TapeNode[] | null;
  gradientDepth: number;
  kernelDepth: number;
}

/** What decides where a kernel runs and who times it; swapped together, for one call. */
export interface Placement {
  backendName: string;
  backendInstance: tf.KernelBackend;
  profiler: object;
}

export interface Engine extends EngineMethods, Placement {
  readonly state: EngineState;
  readonly backend: tf.KernelBackend;
  endScope(result?: tf.TensorContainer): void;
  isTapeOn(): boolean;
  nextTensorId(): number;
  readSync(dataId: object): tf.backend_util.TypedArray;
  makeTensorFromTensorInfo(info: tf.TensorInfo, backend: tf.KernelBackend): tf.Tensor;
}

/** The engine, shared by all copies of tfjs-core, with the user's backend initialized. */
export const readyEngine = (): Engine => {
  const engine = tf.engine() as unknown as Engine;
  try {
    // The getter initializes the default backend where none has been used yet.
    void engine.backend;
  } catch (cause) {
    throw new DiffopsError(
      'DEVICE',
      'TensorFlow.js has no backend that is ready, and f needs one for its constants. Import one (@tensorflow/tfjs has cpu) and await tf.ready() first.',
      {},
      { cause },
    );
  }
  return engine;
};

/**
 * Runs with another placement and puts the present one back; gives the present one to `run`. Field by field: this is on
 * the way of every recorded kernel.
 */
export const withPlacement = <T>(engine: Engine, placement: Placement, run: (before: Placement) => T): T => {
  const { backendName, backendInstance, profiler } = engine;
  engine.backendName = placement.backendName;
  engine.backendInstance = placement.backendInstance;
  engine.profiler = placement.profiler;
  try {
    return run({ backendName, backendInstance, profiler });
  } finally {
    engine.backendName = backendName;
    engine.backendInstance = backendInstance;
    engine.profiler = profiler;
  }
};

/**
 * Overrides methods on the engine instance, each built on the one before it, so that recordings nest.
 * Returns the function that takes the overrides off again, last one first.
 */
export const override = (engine: Engine, build: (previous: EngineMethods) => EngineMethods): (() => void) => {
  const methods = build(boundMethods(engine));
  const names = Object.keys(methods) as (keyof EngineMethods)[];
  const own = names.map((name) => Object.getOwnPropertyDescriptor(engine, name));
  for (const name of names) {
    Object.defineProperty(engine, name, { value: methods[name], configurable: true, writable: true });
  }
  return () => {
    for (const [i, name] of names.entries()) {
      const before = own[i];
      if (before) Object.defineProperty(engine, name, before);
      else delete (engine as Partial<Engine>)[name];
    }
  };
};

const boundMethods = (engine: Engine): EngineMethods => ({
  runKernel: engine.runKernel.bind(engine),
  runKernelFunc: engine.runKernelFunc.bind(engine),
  makeTensor: engine.makeTensor.bind(engine),
  trackTensor: engine.trackTensor.bind(engine),
  incRef: engine.incRef.bind(engine),
  disposeTensor: engine.disposeTensor.bind(engine),
  disposeVariable: engine.disposeVariable.bind(engine),
  startScope: engine.startScope.bind(engine),
  clone: engine.clone.bind(engine),
  addTapeNode: engine.addTapeNode.bind(engine),
});

/** Runs as if no kernel were running: a tape that is on holds what is called inside of one. */
export const outsideKernels = <T>({ state }: Engine, run: () => T): T => {
  const { kernelDepth } = state;
  state.kernelDepth = 0;
  try {
    return run();
  } finally {
    state.kernelDepth = kernelDepth;
  }
};

/** Runs with no gradient tape, nor within a kernel: gradients can be taken inside, and nothing of it is taped around. */
export const withoutTape = <T>({ state }: Engine, run: () => T): T => {
  const { activeTape, gradientDepth, kernelDepth } = state;
  Object.assign(state, { activeTape: null, gradientDepth: 0, kernelDepth: 0 });
  try {
    return run();
  } finally {
    // tfjs keeps what its gradients need, and forgets to let go where they throw.
    for (const node of state.activeTape ?? []) for (const tensor of node.saved) tensor.dispose();
    Object.assign(state, { activeTape, gradientDepth, kernelDepth });
  }
};

/**
 * A fresh scope and no gradient tape: what happens inside is neither taped by a `tf.grad` around the recording
 * nor left behind by one that failed within. Returns the function that ends the scope and brings the old tape back.
 */
export const isolate = (engine: Engine): (() => void) => {
  const { state } = engine;
  const { activeTape, gradientDepth, kernelDepth } = state;
  const depth = state.scopeStack.length;
  Object.assign(state, { activeTape: null, gradientDepth: 0, kernelDepth: 0 });
  engine.startScope();
  return () => {
    while (state.scopeStack.length > depth) engine.endScope();
    // tfjs keeps what its gradients need, and forgets to let go where they throw.
    for (const node of state.activeTape ?? []) for (const tensor of node.saved) tensor.dispose();
    Object.assign(state, { activeTape, gradientDepth, kernelDepth });
  };
};
