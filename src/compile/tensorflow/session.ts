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
  /** What the session holds, and the tensors over its memory: to be let go of by this thread alone, when the session has done so. */
  #values: readonly Value[] = [];
  #tensors: readonly TfTensor[] = [];
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
    if (this.#disposed) throw malformed('An executable was run after it was disposed.');
    requireInputs(this.inputs.length, inputs.length);
    this.#holdOn(inputs);
    const { results, feeds } = this.#predict(this.#run, this.#fed, inputs);
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

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#hold?.dispose();
    this.#run.dispose();
    letGo(this.#tensors);
    this.#tensors = [];
    this.#values = [];
  }

  /** Hands over what the session holds, if it isn't what it was given last. */
  #holdOn(inputs: readonly Value[]): void {
    if (!this.#hold || this.#held.every((k, i) => inputs[k] === this.#values[i])) return;
    const { results, feeds } = this.#predict(this.#hold, this.#held, inputs);
    letGo(Object.values(results));
    letGo(this.#tensors);
    this.#tensors = feeds;
    this.#values = this.#held.map((k) => inputs[k]);
  }

  /** Runs a signature over some of the inputs, whose tensors are the caller's to let go of. */
  #predict(model: TensorflowModel, places: readonly number[], inputs: readonly Value[]) {
    const feeds: Record<string, TfTensor> = {};
    try {
      for (const k of places) {
        const { shape, dtype } = fedAs(this.inputs[k]);
        feeds[feedName(k)] = this.#tf.tensor(bytesFor(inputs[k]), shape, dtype as 'int32' | 'bool');
      }
      return { results: model.predict(feeds), feeds: Object.values(feeds) };
    } catch (thrown) {
      letGo(Object.values(feeds));
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
