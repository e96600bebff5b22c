/** A tf.LayersModel as a function of its weights. */

import * as tf from '@tensorflow/tfjs-core';
import { unflattenTree } from '../pytree.ts';
import type { Model, ModelParams, TrainingModel } from './contract.ts';
import { allLayers, type Layer, type LayersModel, type LayerVariable } from './layer.ts';
import { copyOf, Expected, orderedInputs } from './params.ts';
import { requireAlive, requireUsable } from './refusals.ts';
import { withWeights } from './swap.ts';
import { flattened, picked, Slot, slotsOf } from './weights.ts';

const isList = (value: unknown): boolean => Array.isArray(value);

/** By its parts, not its class: any copy of tfjs-layers may have made it. */
export const isLayersModel = (value: unknown): value is LayersModel => {
  const { layers, inputs, outputs, call } = (value ?? {}) as Partial<LayersModel>;
  return isList(layers) && isList(inputs) && isList(outputs) && typeof call === 'function';
};

const isCell = (layer: Layer): boolean => layer.dropoutMask !== undefined;

/** As `predict` and `fit` call it, but for their batches: `predict` passes no arguments, which RNNs would keep states in. */
const outputsOf = (model: LayersModel, inputs: tf.Tensor[], training: boolean): tf.Tensor | tf.Tensor[] => {
  const outputs = [model.call(inputs, training ? { training } : undefined)]
    .flat()
    .map((y) => (inputs.includes(y) ? y.clone() : y));
  return outputs.length === 1 ? outputs[0] : outputs;
};

/** The function and its params. Refuses what can't be one. */
export const layersFunction = (model: LayersModel, training: boolean): Model | TrainingModel => {
  const parts = allLayers(model);
  requireUsable(model, parts, training);
  const tree = slotsOf(model);
  const trainable = new Set(model.trainableWeights);
  const isParam = (weight: LayerVariable): boolean => trainable.has(weight) && weight.dtype === 'float32';
  const slots = picked(tree, (weight) => (isParam(weight) ? new Slot(weight) : undefined)) ?? {};
  const { weights: variables, paths, structure } = flattened(slots, 'params');
  const copies = variables.map(({ val }, i) => copyOf(val, paths[i]));
  const expected = new Expected(
    paths,
    copies.map(({ shape }) => shape),
  );
  const swappable = { variables, all: flattened(tree, 'params').weights, cells: parts.filter(isCell) };
  const inputs = model.inputs.map(({ name, shape, sourceLayer }) => ({ name: sourceLayer?.name ?? name, shape }));

  const run = (params: unknown, given: unknown) => {
    requireAlive(parts);
    const values = expected.read(params);
    const tensors = orderedInputs(given, inputs);
    return withWeights(swappable, values, training, () => outputsOf(model, tensors, training));
  };
  const apply = (params: unknown, given: unknown) =>
    tf.tidy(() => {
      const { result: output, written } = run(params, given);
      if (!training) return output;
      const updates = picked(tree, (weight) => written.get(weight)) ?? {};
      return { output, updates } as tf.TensorContainer;
    });
  return { params: unflattenTree(structure, copies) as ModelParams, apply: apply as never };
};
