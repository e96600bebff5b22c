/** Models of TensorFlow.js as functions of their weights. */

import { DiffopsError } from '../errors.ts';
import { describe } from '../pytree.ts';
import type { GraphModelLike, LayersModelLike, Model, ModelOptions, TrainingModel } from './contract.ts';
import { graphFunction, isGraphModel } from './graph-model.ts';
import { isLayersModel, layersFunction } from './layers-model.ts';

/** One function for both kinds of models and both modes. */
interface MakeModel {
  (source: LayersModelLike | GraphModelLike, options?: ModelOptions<false>): Model;
  (source: LayersModelLike, options: ModelOptions<true>): TrainingModel;
}

const trainingOf = (options: unknown): boolean => {
  const given = (options ?? {}) as Record<string, unknown>;
  const unknown = typeof given === 'object' ? Object.keys(given).find((name) => name !== 'training') : String(given);
  if (unknown !== undefined) {
    throw new DiffopsError('OPTION', `model knows no option ${unknown}; it takes training: true or false.`, {
      option: unknown,
    });
  }
  const { training = false } = given;
  if (typeof training === 'boolean') return training;
  throw new DiffopsError('OPTION', `training is ${describe(training)}; it must be true or false.`, {
    option: 'training',
    value: training,
  });
};

/**
 * Makes a `tf.LayersModel` or a `tf.GraphModel` a function of its trainable weights, for use in a recorded f:
 * `hessian((p) => loss(m.apply(p, X)), m.params)`. Which weights are trainable is read now; the others are constants, as
 * are weights that aren't float32, and those of a GraphModel whose values decide what it computes (shapes, axes, limits).
 * The model itself stays as it is, also after an error.
 *
 * Inference mode, unless `training: true` (a LayersModel only): batch normalization then uses the batch's statistics.
 * Throws INPUT for what is no model, or isn't built, or was disposed, or is `stateful`; RANDOM, in training mode, for
 * dropout and noise of a rate other than 0; UNSUPPORTED_OP for a graph with control flow or dynamic shapes; OPTION.
 */
export const model = ((source: unknown, options?: unknown): Model | TrainingModel => {
  const training = trainingOf(options);
  if (isLayersModel(source)) return layersFunction(source, training);
  if (isGraphModel(source)) {
    if (!training) return graphFunction(source);
    throw new DiffopsError('OPTION', 'training is true, but a GraphModel has one mode only: that it was saved in.', {
      option: 'training',
      value: training,
    });
  }
  throw new DiffopsError(
    'INPUT',
    `model got ${describe(source)}; it takes a tf.LayersModel (tf.sequential, tf.model, tf.loadLayersModel) or a loaded tf.GraphModel.`,
    { value: describe(source) },
  );
}) as MakeModel;
