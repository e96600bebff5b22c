/** A SavedModel as an Executable, through TensorFlow.js' binding for Node: each thread loads its own, and owns its context. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiffopsError } from '../../errors.ts';
import { type Aval, allocate, type Dtype, sizeOf, type TypedArray, type Value } from '../../ir/aval.ts';
import { malformed, requireInputs } from '../../ir/builder.ts';
import type { Artifact, Executable } from '../executable.ts';
import { givingNothing } from '../nothing.ts';
import { unshared } from '../unshared.ts';
import { fedAs, feedName, HOLD, isHeld, RUN, resultName } from './signatures.ts';
import { type TensorflowModel, type TfjsNode, type TfTensor, tfjsNode } from './tfjs-node.ts';

/** TensorFlow's error, with the primitive that it names. */
const failure = (doing: string, thrown: unknown): DiffopsError => {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const operation = /\{\{(?:function_)?node (?:\w+\/)*?(\w+)(?:\/\w+)?\.\d+\}\}/.exec(message)?.[1];
  return new DiffopsError(
    'DEVICE',
    `tensorflow failed${operation === undefined ? '' : ` at ${operation}`} while ${doing}: ${message} ` +
      "Look after the memory of the device (a larger nbatches makes smaller tiles), or use device: 'cpu'.",
    { device: 'tensorflow', ...(operation === undefined ? {} : { operation }) },
    { cause: thrown },
  );
};

/** The same bytes as int32, or as truth values. */
const bytesFor = ({ data, dtype }: Value): Int32Array | Uint8Array => {
  const own = unshared(data);
  if (dtype === 'bool') return own as Uint8Array;
  return new Int32Array(own.buffer, own.byteOffset, own.byteLength / 4);
};

const floatsOf = (bytes: ArrayBufferView, dtype: Dtype): TypedArray => {
  const { buffer, byteOffset, byteLength } = bytes;
  switch (dtype) {
    case 'float32':
      return new Float32Array(buffer, byteOffset, byteLength / 4);
    case 'float64':
      return new Float64Array(buffer, byteOffset, byteLength / 8);
    case 'int32':
      return new Int32Array(buffer, byteOffset, byteLength / 4);
    case 'bool':
      return new Uint8Array(buffer, byteOffset, byteLength);
  }
};

const letGo = (tensors: readonly TfTensor[]): void => {
  for (const tensor of tensors) tensor.dispose();
};

/**
 * Tensors that stay in TensorFlow, and those that they were made from, whose memory they may share and is JavaScript's: let
 * go of by this thread when nothing needs them, sessions that hold them included.
 */
class Resident {
  readonly #tensors: readonly TfTensor[];
  readonly #sources: readonly Resident[];
  #users = 1;

  constructor(tensors: readonly TfTensor[], sources: readonly Resident[]) {
    this.#tensors = tensors;
    this.#sources = sources;
    for (const source of sources) source.#users++;
  }

  release(): void {
    if (--this.#users > 0) return;
    letGo(this.#tensors);
    for (const source of this.#sources) source.release();
  }
}

/** Values that are there, each as a tensor. */
const resident = new WeakMap<Value, { readonly tensor: TfTensor; readonly among: Resident }>();

class TensorflowExecutable implements Executable {
  readonly inputs: readonly Aval[];
  readonly outputs: readonly Aval[];
  readonly keptBytes: number;
  readonly #tf: TfjsNode;
  readonly #run: TensorflowModel;
  readonly #hold: TensorflowModel | undefined;
  /** Inputs that the program uses, by whether the session holds them. */
  readonly #fed: readonly number[];
  readonly #held: readonly number[];
  /** What the session holds, and the tensors that it was given for that. */
  #values: readonly Value[] = [];
  #source: Resident | undefined;
  /** What `keep` gave last. */
  #kept: Resident | undefined;
  #disposed = false;

  constructor(artifact: Artifact, tf: TfjsNode, run: TensorflowModel, hold: TensorflowModel | undefined) {
    this.inputs = artifact.inputs;
    this.outputs = artifact.outputs;
    this.keptBytes = artifact.heldBytes ?? 0;
    this.#tf = tf;
    this.#run = run;
    this.#hold = hold;
    const taken = new Set([...run.inputs, ...(hold?.inputs ?? [])].map(({ name }) => name));
    const used = artifact.inputs.map((_, k) => k).filter((k) => taken.has(feedName(k)));
    this.#fed = used.filter((k) => !isHeld(artifact.inputs[k]));
    this.#held = used.filter((k) => isHeld(artifact.inputs[k]));
  }

  async run(inputs: readonly Value[], into?: readonly TypedArray[]): Promise<Value[]> {
    const { results, feeds } = this.#compute(inputs);
    letGo(feeds);
    return this.outputs.map(({ shape, dtype }, k): Value => {
      const tensor = results[resultName(k)];
      if (!tensor) return { shape, dtype, data: into?.[k] ?? allocate(dtype, sizeOf(shape)) };
      const made = floatsOf(tensor.dataSync(), dtype);
      tensor.dispose();
      if (!into) return { shape, dtype, data: made };
      into[k].set(made);
      return { shape, dtype, data: into[k] };
    });
  }

  async keep(inputs: readonly Value[]): Promise<Value[]> {
    this.#kept?.release();
    this.#kept = undefined;
    const { results, feeds } = this.#compute(inputs);
    const among = new Resident([...Object.values(results), ...feeds], this.#source ? [this.#source] : []);
    this.#kept = among;
    return this.outputs.map(({ shape, dtype }, k): Value => {
      const value = { shape, dtype, data: allocate(dtype, 0) };
      const tensor = results[resultName(k)];
      if (tensor) resident.set(value, { tensor, among });
      return value;
    });
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#hold?.dispose();
    this.#run.dispose();
    this.#kept?.release();
    this.#source?.release();
    this.#kept = undefined;
    this.#source = undefined;
    this.#values = [];
  }

  #compute(inputs: readonly Value[]) {
    if (this.#disposed) throw malformed('An executable was run after it was disposed.');
    requireInputs(this.inputs.length, inputs.length);
    this.#holdOn(inputs);
    return this.#predict(this.#run, this.#fed, inputs);
  }

  /** Hands over what the session holds, if it isn't what it was given last. */
  #holdOn(inputs: readonly Value[]): void {
    if (!this.#hold || this.#held.every((k, i) => inputs[k] === this.#values[i])) return;
    const { results, feeds } = this.#predict(this.#hold, this.#held, inputs);
    letGo(Object.values(results));
    const values = this.#held.map((k) => inputs[k]);
    const others = new Set(values.flatMap((value) => resident.get(value)?.among ?? []));
    this.#source?.release();
    this.#source = new Resident(feeds, [...others]);
    this.#values = values;
  }

  /** Runs a signature over some of the inputs. `feeds`: tensors that were made for it, the caller's to let go of. */
  #predict(model: TensorflowModel, places: readonly number[], inputs: readonly Value[]) {
    const taken: Record<string, TfTensor> = {};
    const feeds: TfTensor[] = [];
    try {
      for (const k of places) {
        const there = resident.get(inputs[k])?.tensor;
        const { shape, dtype } = fedAs(this.inputs[k]);
        const tensor = there ?? this.#tf.tensor(bytesFor(inputs[k]), shape, dtype as 'int32' | 'bool');
        if (!there) feeds.push(tensor);
        taken[feedName(k)] = tensor;
      }
      return { results: model.predict(taken), feeds };
    } catch (thrown) {
      letGo(feeds);
      throw failure('running a program', thrown);
    }
  }
}

/** Through a folder of its own, which is gone when the model is loaded. */
export const loadTensorflow = async (artifact: Artifact): Promise<Executable> => {
  const { savedModel } = artifact;
  if (!savedModel) throw malformed(`TensorFlow can't run an artifact of ${artifact.engine}.`);
  if (!artifact.outputs.some(({ shape }) => sizeOf(shape) > 0)) return givingNothing(artifact);
  const tf = await tfjsNode();
  const folder = mkdtempSync(join(tmpdir(), 'diffops-'));
  try {
    writeFileSync(join(folder, 'saved_model.pb'), savedModel);
    const run = await tf.node.loadSavedModel(folder, ['serve'], RUN);
    const holds = artifact.inputs.some(isHeld);
    const hold = holds ? await tf.node.loadSavedModel(folder, ['serve'], HOLD) : undefined;
    return new TensorflowExecutable(artifact, tf, run, hold);
  } catch (thrown) {
    throw failure('loading a program', thrown);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
