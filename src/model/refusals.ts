/** The errors for models that can't be functions of their weights: each names the layer and says what to do. */

import { DiffopsError } from '../errors.ts';
import { classOf, type Layer, type LayersModel } from './layer.ts';

const unusable = (layer: Layer, what: string, remedy: string): DiffopsError =>
  new DiffopsError('INPUT', `layer '${layer.name}' (${classOf(layer)}) ${what}. ${remedy}`, { layer: layer.name });

/** The rate at which a layer draws random numbers in training, if it does. */
const randomRate = (layer: Layer): { readonly name: string; readonly value: number } | undefined => {
  const { rate, dropout, recurrentDropout } = layer;
  // Layers of other classes may have a rate that means something else.
  const named = { rate: /Dropout/.test(classOf(layer)) ? rate : 0, dropout, recurrentDropout };
  for (const [name, value] of Object.entries(named)) {
    if (typeof value === 'number' && value > 0) return { name, value };
  }
  return undefined;
};

const randomLayer = (layer: Layer, when: string, remedy: string): DiffopsError =>
  new DiffopsError(
    'RANDOM',
    `layer '${layer.name}' (${classOf(layer)}) draws random numbers ${when}: one sample would be frozen into the recorded program. ${remedy}`,
    { layer: layer.name },
  );

const requireUnrandom = (layer: Layer, training: boolean): void => {
  if (/^Random/.test(classOf(layer))) {
    throw randomLayer(layer, 'in every mode', 'Leave it out of the model, and apply it to the inputs before.');
  }
  if (!training) return;
  // It draws even if its deviation is 0.
  if (classOf(layer) === 'GaussianNoise') {
    throw randomLayer(
      layer,
      'in training mode',
      'Use training: false, or add noise from the option data to the inputs.',
    );
  }
  const random = randomRate(layer);
  if (!random) return;
  throw randomLayer(
    layer,
    `in training mode (its ${random.name} is ${random.value})`,
    `Set its ${random.name} to 0, use training: false, or build f of the layers and multiply by a mask from the option data.`,
  );
};

/** Throws INPUT for a model that isn't built, is stateful or was disposed; RANDOM for one that draws; before it runs. */
export const requireUsable = (model: LayersModel, parts: readonly Layer[], training: boolean): void => {
  requireAlive(parts);
  if (model.layers.length === 0) throw unusable(model, 'has no layers', 'Add some.');
  for (const layer of parts) {
    // A sequential model builds itself when it is first called, of layers that are built.
    for (const child of layer.layers ?? []) {
      if (child.layers || child.built) continue;
      throw unusable(
        child,
        'isn’t built, so its weights don’t exist yet',
        'Give the model’s first layer an inputShape, or call the model once.',
      );
    }
    if (layer.stateful === true && !layer.layers) {
      throw unusable(
        layer,
        'is stateful: true, so its result depends on what it was called with before',
        'Make it with stateful: false and give the initial state as an input.',
      );
    }
    requireUnrandom(layer, training);
    if (training && layer.movingMean && (layer.scale === false || layer.center === false)) {
      throw new DiffopsError(
        'UNSUPPORTED_OP',
        `layer '${layer.name}' (${classOf(layer)}) has no ${layer.scale === false ? 'gamma' : 'beta'}, and tfjs-layers computes batch ` +
          'statistics only with both. Make it with scale: true and center: true, and leave that weight out of what you differentiate.',
        { layer: layer.name },
      );
    }
  }
};

/** Throws INPUT for a layer that was disposed, or whose weights were. */
export const requireAlive = (parts: readonly Layer[]): void => {
  for (const layer of parts) {
    const own = [...(layer._trainableWeights ?? []), ...(layer._nonTrainableWeights ?? [])];
    if (layer._refCount === 0 || own.some(({ val }) => val.isDisposed)) {
      throw unusable(
        layer,
        'was disposed',
        'Make the function while the model lives, and dispose the model after its last use.',
      );
    }
  }
};

/** A layer that assigns a weight in inference mode. */
export const weightWritten = (name: string): DiffopsError =>
  new DiffopsError(
    'VARIABLE_ASSIGN',
    `the model assigned its weight '${name}' in inference mode. Use training: true, where new values are returned as updates.`,
    { variable: name },
  );

/** A graph that can't be run in one go. */
export const dynamicGraph = (node: string, op: string): DiffopsError =>
  new DiffopsError(
    'UNSUPPORTED_OP',
    `the GraphModel has control flow or shapes that depend on values (node '${node}', op ${op}), which f can’t record: what ` +
      'runs would be decided by numbers that aren’t there yet. Save it without (a fixed number of steps, fixed shapes), or up to a node before that.',
    { node, op },
  );

export const unknownOp = (node: string, op: string): DiffopsError =>
  new DiffopsError(
    'UNSUPPORTED_OP',
    `the GraphModel has the op ${op} (node '${node}'), which tfjs-converter doesn’t know. Say what it does with tf.registerOp ` +
      'before the model is loaded, or save the model without it.',
    { node, op },
  );

/** A GraphModel after its dispose(). */
export const disposedGraph = (name: string): DiffopsError =>
  new DiffopsError(
    'INPUT',
    `the GraphModel was disposed: its weight '${name}' is gone. Dispose it after the last use of the function made of it.`,
    { weight: name },
  );
