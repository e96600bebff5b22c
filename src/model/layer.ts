/** The parts of tfjs-layers' layers that are used here: diffops doesn't depend on that package, so the types are ours. */

import type * as tf from '@tensorflow/tfjs-core';

export interface LayerVariable {
  readonly name: string;
  /** With the scopes that it was made in: `dense_1/kernel`. */
  readonly originalName?: string;
  readonly dtype: string;
  readonly constraint?: { apply(value: tf.Tensor): tf.Tensor } | null;
  /** What `read` returns; a tf.Variable, but where it is swapped. */
  val: tf.Tensor;
  write(value: tf.Tensor): LayerVariable;
}

/** A layer, a model (which is one too) or a cell of an RNN. */
export interface Layer {
  readonly name: string;
  readonly built: boolean;
  readonly stateful?: boolean;
  readonly weights: readonly LayerVariable[];
  readonly trainableWeights: readonly LayerVariable[];
  /** Its own, as they were added; those of what it is made of aren't among them. */
  readonly _trainableWeights?: readonly LayerVariable[];
  readonly _nonTrainableWeights?: readonly LayerVariable[];
  /** 0 after the last user of it was disposed. */
  readonly _refCount?: number | null;
  getClassName?(): string;
  /** A model's layers. */
  readonly layers?: readonly Layer[];
  /** What TimeDistributed and other wrappers wrap. */
  readonly layer?: Layer;
  readonly forwardLayer?: Layer;
  readonly backwardLayer?: Layer;
  /** An RNN's cell; `cells` of stacked ones. */
  readonly cell?: Layer;
  readonly cells?: readonly Layer[];
  /** Of dropout layers. */
  readonly rate?: number;
  /** Rates of RNN cells, and the masks that they keep from one step to the next. */
  readonly dropout?: number;
  readonly recurrentDropout?: number;
  dropoutMask?: tf.Tensor | tf.Tensor[] | null;
  recurrentDropoutMask?: tf.Tensor | tf.Tensor[] | null;
  /** Of batch normalization. */
  readonly movingMean?: LayerVariable;
  readonly scale?: boolean;
  readonly center?: boolean;
}

export interface LayersModel extends Layer {
  readonly layers: readonly Layer[];
  readonly inputs: readonly {
    readonly name: string;
    readonly shape: readonly (number | null)[];
    readonly sourceLayer?: { readonly name: string };
  }[];
  readonly outputs: readonly object[];
  call(inputs: tf.Tensor[], kwargs: { training: boolean } | undefined): tf.Tensor | tf.Tensor[];
}

export const classOf = (layer: Layer): string => layer.getClassName?.() ?? layer.constructor.name;

/** What a layer is made of, outermost first: the layers of a model, what is wrapped, cells. */
const partsOf = (layer: Layer): readonly Layer[] =>
  layer.layers ??
  [layer.forwardLayer, layer.backwardLayer, layer.layer, layer.cell, ...(layer.cells ?? [])].filter(
    (part) => part !== undefined && part !== null,
  );

/** A layer and all that it is made of, each once. */
export const allLayers = (root: Layer): Layer[] => {
  const found = new Set<Layer>();
  const visit = (layer: Layer): void => {
    if (found.has(layer)) return;
    found.add(layer);
    for (const part of partsOf(layer)) visit(part);
  };
  visit(root);
  return [...found];
};
