/** An ONNX Runtime session as an Executable. */

import ort, { type InferenceSession, type Tensor } from 'onnxruntime-node';
import { DiffopsError } from '../../errors.ts';
import { type Dtype, sizeOf, type TypedArray, type Value } from '../../ir/aval.ts';
import { malformed } from '../../ir/builder.ts';
import type { Artifact, Executable } from '../executable.ts';
import { inputName } from './lower.ts';

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
  const made = new ort.Tensor(value.dtype, unshared(value.data) as never, value.shape) as Tensor;
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
    const results = await session.run(feeds, this.#fetches(session, into)).catch((thrown) => {
      throw failure('running a program', thrown);
    });
    return this.outputs.map(({ shape, dtype }, k) => ({
      shape,
      dtype,
      // What the engine hands back for an array of ours is another array with the same numbers.
      data: into && sizeOf(shape) > 0 ? into[k] : (results[session.outputNames[k]].data as TypedArray),
    }));
  }

  /** Outputs by name: computed into an array of the caller's, or (null) into one that the engine makes. */
  #fetches(session: InferenceSession, into: readonly TypedArray[] | undefined): Record<string, Tensor | null> {
    const fetches: Record<string, Tensor | null> = {};
    for (const [k, { shape, dtype }] of this.outputs.entries()) {
      const given = into && sizeOf(shape) > 0;
      fetches[session.outputNames[k]] = given ? this.#over(session, k, dtype, into[k]) : null;
    }
    return fetches;
  }

  /** A tensor over an array, in the shape that the model gives its output, which may cut the axes differently. */
  #over(session: InferenceSession, k: number, dtype: Dtype, array: TypedArray): Tensor {
    const { shape } = session.outputMetadata[k] as { readonly shape: readonly number[] };
    return new ort.Tensor(dtype, array as never, shape) as Tensor;
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
