/** An artifact on a GPU, through ONNX Runtime's WebGPU provider: what is known at the point stays there. */

import ort, { type InferenceSession, type Tensor } from 'onnxruntime-node';
import { AFTER_A_LOSS } from '../../device-traits.ts';
import { DiffopsError } from '../../errors.ts';
import { allocate, sizeOf, type TypedArray, type Value } from '../../ir/aval.ts';
import { malformed } from '../../ir/builder.ts';
import type { Artifact, Executable } from '../executable.ts';
import { givingNothing } from '../nothing.ts';
import { heldShape } from './graph.ts';
import { feedsOf, runSession, wrapped } from './run-session.ts';
import { sessionOptions } from './session.ts';
import { wordsOf } from './words.ts';

/** The engine's error about the device or its driver. */
const lost = (doing: string, thrown: unknown): DiffopsError =>
  new DiffopsError(
    'DEVICE',
    `webgpu failed while ${doing}: ${wordsOf(thrown)} ${AFTER_A_LOSS}`,
    { device: 'webgpu' },
    { cause: thrown },
  );

class WebgpuExecutable implements Executable {
  readonly inputs: Executable['inputs'];
  readonly outputs: Executable['outputs'];
  readonly #model: Uint8Array;
  /** Whose outputs come back, and whose outputs stay. */
  #session: InferenceSession | undefined;
  #keeping: InferenceSession | undefined;
  #kept: Tensor[] = [];
  #disposed = false;

  constructor({ inputs, outputs }: Artifact, model: Uint8Array) {
    this.inputs = inputs;
    this.outputs = outputs;
    this.#model = model;
  }

  async run(inputs: readonly Value[], into?: readonly TypedArray[]): Promise<Value[]> {
    this.#session ??= await this.#create({});
    return runSession(this.#session, this, inputs, into, lost);
  }

  async keep(inputs: readonly Value[]): Promise<Value[]> {
    this.#keeping ??= await this.#create({ preferredOutputLocation: 'gpu-buffer' });
    const session = this.#keeping;
    this.#letGo();
    // The first output is what keeps the engine from handing over copies: here it isn't asked for.
    const names = session.outputNames.slice(1).filter((_, k) => sizeOf(this.outputs[k].shape) > 0);
    const results = await session.run(feedsOf(session, this, inputs), names).catch((thrown) => {
      throw lost('running a program', thrown);
    });
    this.#kept = Object.values(results);
    return this.outputs.map(({ shape, dtype }, k): Value => {
      const value = { shape, dtype, data: allocate(dtype, 0) };
      const tensor = results[session.outputNames[k + 1]];
      // In the program's shape; the buffer stays the session's.
      if (tensor) wrapped.set(value, onDevice(tensor, heldShape(shape)));
      return value;
    });
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    this.#letGo();
    const sessions = [this.#session, this.#keeping];
    this.#session = undefined;
    this.#keeping = undefined;
    // All of them, also where one can't be.
    const released = await Promise.allSettled(sessions.map((session) => session?.release()));
    for (const outcome of released) if (outcome.status === 'rejected') throw outcome.reason;
  }

  #letGo(): void {
    for (const tensor of this.#kept) tensor.dispose();
    this.#kept = [];
  }

  async #create(options: InferenceSession.SessionOptions): Promise<InferenceSession> {
    if (this.#disposed) throw malformed('An executable was run after it was disposed.');
    // What WebGPU lacks runs on the CPU.
    const executionProviders = ['webgpu', 'cpu'];
    try {
      return await ort.InferenceSession.create(this.#model, { ...sessionOptions(1), ...options, executionProviders });
    } catch (thrown) {
      throw lost('loading a program', thrown);
    }
  }
}

const onDevice = (tensor: Tensor, dims: readonly number[]): Tensor =>
  tensor.location === 'gpu-buffer'
    ? (ort.Tensor.fromGpuBuffer(tensor.gpuBuffer, { dataType: tensor.type as 'float32', dims }) as Tensor)
    : (tensor.reshape(dims) as Tensor);

export const loadWebgpu = (artifact: Artifact): Executable => {
  const { engine, model } = artifact;
  if (engine !== 'webgpu' || !model) throw malformed(`WebGPU can't run an artifact of ${engine}.`);
  if (artifact.outputs.length === 0) return givingNothing(artifact);
  return new WebgpuExecutable(artifact, model);
};
