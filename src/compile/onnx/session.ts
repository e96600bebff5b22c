/** An ONNX Runtime session as an Executable. */

import ort, { type InferenceSession } from 'onnxruntime-node';
import { DiffopsError } from '../../errors.ts';
import { bytesOf, type TypedArray, type Value } from '../../ir/aval.ts';
import { malformed } from '../../ir/builder.ts';
import type { Artifact, Executable } from '../executable.ts';
import { givingNothing } from '../nothing.ts';
import { failure, runSession } from './run-session.ts';
import { wordsOf } from './words.ts';

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

class OnnxExecutable implements Executable {
  readonly inputs: Executable['inputs'];
  readonly outputs: Executable['outputs'];
  #session: InferenceSession | undefined;

  readonly keptBytes: number;
  readonly #explain: typeof failure;

  constructor({ inputs, outputs, heldBytes = 0 }: Artifact, session: InferenceSession, explain: typeof failure) {
    this.#explain = explain;
    this.keptBytes = heldBytes + outputs.reduce((sum, aval) => sum + bytesOf(aval), 0);
    this.inputs = inputs;
    this.outputs = outputs;
    this.#session = session;
  }

  async run(inputs: readonly Value[], into?: readonly TypedArray[]): Promise<Value[]> {
    if (!this.#session) throw malformed('An executable was run after it was disposed.');
    return runSession(this.#session, this, inputs, into, this.#explain);
  }

  async dispose(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.release();
  }
}

/** The provider's error: its libraries, the driver, or the GPU's memory. */
const cudaFailure = (doing: string, thrown: unknown): DiffopsError =>
  new DiffopsError(
    'DEVICE',
    `cuda failed while ${doing}: ${wordsOf(thrown)} ` +
      "Look after its libraries, the driver and the GPU's memory (a larger nbatches makes smaller tiles), or use device: 'cpu'.",
    { device: 'cuda' },
    { cause: thrown },
  );

/** What CUDA's provider lacks runs on the CPU. */
const PROVIDERS = { cpu: ['cpu'], cuda: ['cuda', 'cpu'] } as const;
const EXPLAIN = { cpu: failure, cuda: cudaFailure } as const;

export const loadOnnx = async (
  artifact: Artifact,
  threads: number,
  provider: keyof typeof PROVIDERS = 'cpu',
): Promise<Executable> => {
  const { engine, model } = artifact;
  if (!['onnx', 'cuda'].includes(engine) || !model) throw malformed(`ONNX Runtime can't run an artifact of ${engine}.`);
  if (artifact.outputs.length === 0) return givingNothing(artifact);
  try {
    const options = { ...sessionOptions(threads), executionProviders: PROVIDERS[provider] };
    return new OnnxExecutable(artifact, await ort.InferenceSession.create(model, options), EXPLAIN[provider]);
  } catch (thrown) {
    throw EXPLAIN[provider]('loading a program', thrown);
  }
};
