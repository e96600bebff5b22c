/** What a case of a model is, and how its weights and inputs get their numbers. */

import * as tf from '@tensorflow/tfjs';

export interface ModelCase {
  readonly name: string;
  readonly build: () => tf.LayersModel;
  /** What the inputs are, where they aren't floats in (−1, 1). */
  readonly inputs?: (model: tf.LayersModel) => tf.Tensor[];
  /** predict is known to be wrong: why. */
  readonly differs?: string;
  /** Names in the tree of params, layer by layer; checked where they are given. */
  readonly params?: Readonly<Record<string, unknown>>;
}

/** Numbers in (−1, 1) without a pattern, the same in every run. */
export const numbers = (count: number, seed: number): number[] =>
  Array.from({ length: count }, (_, i) => {
    const x = Math.sin((i + 1) * 12.9898 + seed * 78.233) * 43758.5453;
    return 2 * (x - Math.floor(x)) - 1;
  });

const BATCH = 3;

/** Floats for each input; sizes that are open (batch, time) get 3. */
export const floatInputs = (model: tf.LayersModel): tf.Tensor[] =>
  model.inputs.map(({ shape }, k) => {
    const sizes = shape.map((size) => size ?? BATCH);
    return tf.tensor(
      numbers(
        sizes.reduce((a, b) => a * b, 1),
        k + 1,
      ),
      sizes,
    );
  });

export const integers = (shape: number[], values: number[]): tf.Tensor[] => [tf.tensor(values, shape, 'int32')];

/** Weights that are neither zeros nor ones nor drawn: variances positive, the rest in (−0.8, 0.8), around 1 for scales. */
export const setWeights = (model: tf.LayersModel): void => {
  const values = model.weights.map(({ name, originalName, shape }, k) => {
    const raw = numbers(shape.reduce((a, b) => (a as number) * (b as number), 1) as number, k + 10);
    const positive = /variance/.test(originalName ?? name);
    const scale = /gamma/.test(originalName ?? name);
    return tf.tensor(
      raw.map((v) => (positive ? 1 + 0.5 * v : scale ? 1 + 0.3 * v : 0.8 * v)),
      shape as number[],
    );
  });
  model.setWeights(values);
  tf.dispose(values);
};

/** A model with its weights set. */
export const built = ({ build }: ModelCase): tf.LayersModel => {
  const model = build();
  setWeights(model);
  return model;
};

export const inputsOf = (given: ModelCase, model: tf.LayersModel): tf.Tensor[] => (given.inputs ?? floatInputs)(model);

type Symbolic = tf.SymbolicTensor;

/** A functional model of what `connect` makes of inputs of these shapes. */
export const functional = (
  shapes: (number | null)[][],
  connect: (...inputs: Symbolic[]) => Symbolic | Symbolic[],
  options: { name?: string } = {},
): tf.LayersModel => {
  const inputs = shapes.map((shape) => tf.input({ shape }));
  return tf.model({ inputs, outputs: connect(...inputs), ...(options.name ? { name: options.name } : {}) });
};

/** Layers one after another. */
export const stack =
  (...layers: tf.layers.Layer[]) =>
  (input: Symbolic): Symbolic =>
    layers.reduce((x, layer) => layer.apply(x) as Symbolic, input);
