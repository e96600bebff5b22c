/** The public types of models: what `model` takes, and the functions of weights that it gives. */

import type * as tf from '@tensorflow/tfjs-core';
import type { NdArray } from '../nd-array.ts';
import type { Tree } from '../pytree.ts';

/** What is needed of a `tf.LayersModel`, whichever copy of TensorFlow.js made it. */
export interface LayersModelLike {
  readonly layers: readonly { readonly name: string }[];
  readonly inputs: readonly { readonly shape: readonly (number | null)[] }[];
  readonly trainableWeights: readonly object[];
}

/** What is needed of a `tf.GraphModel`. */
export interface GraphModelLike {
  readonly weights: Readonly<Record<string, unknown>>;
  readonly inputNodes: readonly string[];
  readonly outputNodes: readonly string[];
}

export interface ModelOptions<Training extends boolean = boolean> {
  /** `true`: batch statistics instead of moving averages, whose new values are given back. Default `false`. */
  readonly training?: Training;
}

/** Weights by the names of layers; leaves are `NdArray`s here, and tensors in the tree that f gets. */
export interface ModelParams {
  // biome-ignore lint/suspicious/noExplicitAny: how deep a layer's weights lie depends on the model
  readonly [name: string]: any;
}

/** One tensor, one for each input in their order, or by the inputs' names. */
export type ModelInputs =
  | tf.Tensor
  | NdArray
  | readonly (tf.Tensor | NdArray)[]
  | { readonly [name: string]: tf.Tensor | NdArray };

/** What a model returns: a tensor, or an array or (some GraphModels) an object of them where it has more outputs. */
type Outputs = tf.Tensor | tf.Tensor[] | { [name: string]: tf.Tensor };

/** A model as a function of its weights. */
export interface Model {
  /**
   * Copies of the trainable weights; nothing of it must be disposed. A LayersModel's are nested objects: layers by
   * their names, in them the weights by theirs (`kernel`, `bias`, `recurrent_kernel`, `gamma`, …). A model in a model
   * is an object of layers again, `Bidirectional` has `forward` and `backward`, stacked RNN cells are the array
   * `cells`; what wraps one layer or cell has that one's weights itself. A layer that is used twice stands where it
   * comes first. Names are as they are, with any '/' in them; what would have a name that is taken gets `_1`, `_2`, ….
   * A GraphModel's are one object, by the names of nodes.
   */
  readonly params: ModelParams;
  /**
   * The model's outputs, with `params` (a tree like the model's: tensors, `NdArray`s, or typed arrays and tensors of
   * as many elements) in the place of its weights. The forward pass only: no regularizer is added, no constraint is
   * applied. Works in a recorded f and outside of one; there, its tensors are the caller's to dispose. Throws INPUT for
   * a tree that isn't like `params` and for inputs that don't fit the model.
   */
  apply<Y extends Outputs = tf.Tensor>(params: Tree | ModelParams, inputs: ModelInputs): Y;
}

/** A LayersModel in training mode. */
export interface TrainingModel extends Pick<Model, 'params'> {
  /**
   * As `Model.apply`; `updates` has the values that training would assign to weights (moving averages), in a tree with
   * names like those of `params`. They are returned only: the model keeps its own.
   */
  apply<Y extends Outputs = tf.Tensor>(
    params: Tree | ModelParams,
    inputs: ModelInputs,
  ): { readonly output: Y; readonly updates: ModelParams };
}
