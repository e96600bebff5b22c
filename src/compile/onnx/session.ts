/** An ONNX Runtime session as an Executable. */

import ort, { type InferenceSession, type Tensor } from 'onnxruntime-node';
import { DiffopsError } from '../../errors.ts';
import { allocate, bytesOf, sizeOf, type TypedArray, type Value } from '../../ir/aval.ts';
import { malformed } from '../../ir/builder.ts';
import type { Artifact, Executable } from '../executable.ts';
import { heldShape } from './graph.ts';
import { inputName } from './lower.ts';
import { NOT_HANDED_OVER } from './model.ts';

/**
 * All simplification is done before: from `basic` on, the engine merges equal chains, and so what checkpointing
 * means to compute anew. A memory pattern would hold each intermediate twice, once as the first run allocated it
 * and once in the pattern's block, and saves no time (test/compile/onnx/memory.test.ts measures what is held).
 */
export const sessionOptions = (threads: number): InferenceSession.SessionOptions => ({
  executionProviders: ['cpu'],
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  graphOptimizationLevel: 'disabled',
  enableMemPattern: false,
  logSeverityLevel: 3,
});

/** Tensors of values that came before, so that residuals are wrapped once. A value's elements never change. */
const wrapped = new WeakMap<Value, Tensor>();

/** The engine refuses memory that threads share. */
const unshared = (data: TypedArray): TypedArray => (data.buffer instanceof SharedArrayBuffer ? data.slice() : data);

const tensorOf = (value: Value): Tensor => {
  const known = wrapped.get(value);
  if (known) return known;
  const made = new ort.Tensor(value.dtype, unshared(value.data) as never, heldShape(value.shape)) as Tensor;
  wrapped.set(value, made);
  return made;
};

/** The engine's error, with the primitive that it names. */
const failure = (doing: string, thrown: unknown): DiffopsError => {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const node = /[Nn]ame:? ?'([^'#]+)#\d+'/.exec(message)?.[1];
  const at = node === undefined ? '' : ` at ${node}`;
  return new DiffopsError(
    'INTERNAL',
    `ONNX Runtime failed${at} while ${doing}: ${message} Use jit: false to run without it, and report the function.`,
    node === undefined ? {} : { operation: node },
    { cause: thrown },
  );
};

/** Whether the engine stopped where it would have begun to hand over copies of outputs: all is computed then. */
const isHandingOver = (thrown: unknown): boolean =>
  thrown instanceof Error && thrown.message.startsWith('Non tensor type');

/** What a session holds, by what it gives: the arrays for that, and in its arena about twice as much. */
const HELD_PER_OUTPUT = 3;

class OnnxExecutable implements Executable {
  readonly inputs: Executable['inputs'];
  readonly outputs: Executable['outputs'];
  #session: InferenceSession | undefined;

  constructor({ inputs, outputs }: Artifact, session: InferenceSession) {
    this.inputs = inputs;
    this.outputs = outputs;
    this.#session = session;
  }

  async run(inputs: readonly Value[], into?: readonly TypedArray[]): Promise<Value[]> {
    const session = this.#session;
    if (!session) throw malformed('An executable was run after it was disposed.');
    if (inputs.length !== this.inputs.length) {
      throw malformed(`The program takes ${this.inputs.length} inputs; ${inputs.length} were given.`);
    }
    const feeds: Record<string, Tensor> = {};
    for (const [k, value] of inputs.entries()) {
      const name = inputName(k);
      if (session.inputNames.includes(name)) feeds[name] = tensorOf(value);
    }
    const arrays = into ?? this.outputs.map(({ shape, dtype }) => allocate(dtype, sizeOf(shape)));
    await session.run(feeds, this.#fetches(session, arrays)).catch((thrown) => {
      if (!isHandingOver(thrown)) throw failure('running a program', thrown);
    });
    return this.outputs.map(({ shape, dtype }, k) => ({ shape, dtype, data: arrays[k] }));
  }

  /** Outputs by name, over the arrays that they are computed into; and what keeps the engine from copying them. */
  #fetches(session: InferenceSession, arrays: readonly TypedArray[]): Record<string, Tensor | null> {
    const fetches: Record<string, Tensor | null> = { [NOT_HANDED_OVER]: null };
    const { outputNames: names, outputMetadata: infos } = session;
    for (const [k, { shape, dtype }] of this.outputs.entries()) {
      if (sizeOf(shape) === 0) continue;
      // In the model's shape, which may cut the axes differently.
      const { shape: own } = infos[k + 1] as { readonly shape: readonly number[] };
      fetches[names[k + 1]] = new ort.Tensor(dtype, arrays[k] as never, own) as Tensor;
    }
    return fetches;
  }

  get keptBytes(): number {
    return HELD_PER_OUTPUT * this.outputs.reduce((sum, aval) => sum + bytesOf(aval), 0);
  }

  async dispose(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.release();
  }
}

export const loadOnnx = async (artifact: Artifact, threads: number): Promise<Executable> => {
  const { engine, model } = artifact;
  if (engine !== 'onnx' || !model) throw malformed(`ONNX Runtime can't run an artifact of ${engine}.`);
  // A session needs an output.
  if (artifact.outputs.length === 0) {
    return { inputs: artifact.inputs, outputs: [], run: async () => [], dispose: async () => {} };
  }
  try {
    return new OnnxExecutable(artifact, await ort.InferenceSession.create(model, sessionOptions(threads)));
  } catch (thrown) {
    throw failure('loading a program', thrown);
  }
};
