/** Other values in the place of a model's weights while it runs, and the weights back in any case. */

import * as tf from '@tensorflow/tfjs-core';
import type { Layer, LayerVariable } from './layer.ts';
import { weightWritten } from './refusals.ts';

/** Sets an own property, and returns what brings back what was there: a property of its own, or its class'. */
const replaced = <T extends object>(owner: T, name: keyof T & string, value: unknown): (() => void) => {
  const before = Object.getOwnPropertyDescriptor(owner, name);
  Object.defineProperty(owner, name, {
    value,
    configurable: true,
    enumerable: before?.enumerable ?? false,
    writable: true,
  });
  return () => {
    if (before) Object.defineProperty(owner, name, before);
    else delete owner[name];
  };
};

/** What is swapped: read once, when the model becomes a function. */
export interface Swappable {
  /** Those that values are given for. */
  readonly variables: readonly LayerVariable[];
  /** All of the model, whose writes are caught. */
  readonly all: readonly LayerVariable[];
  /** RNN cells, which keep the masks of a call for the next one. */
  readonly cells: readonly Layer[];
}

/** Collects what is written to weights, which they seem to have from then on. */
class Writes {
  readonly #written = new Map<LayerVariable, tf.Tensor>();
  readonly #kept: tf.Tensor[] = [];

  /** In the place of `LayerVariable.write`. The tidy that a layer writes in ends before anyone has read the value. */
  readonly write = (variable: LayerVariable, value: tf.Tensor): LayerVariable => {
    if (variable.val.id === value.id) return variable;
    const next = variable.constraint ? variable.constraint.apply(value) : value;
    const kept = tf.keep(next.clone());
    this.#kept.push(kept);
    this.#written.set(variable, kept);
    variable.val = kept;
    return variable;
  };

  /** Tensors of the present scope for what was written last. */
  finish(): Map<LayerVariable, tf.Tensor> {
    return new Map([...this.#written].map(([variable, value]) => [variable, value.clone()]));
  }

  dispose(): void {
    for (const tensor of this.#kept) tensor.dispose();
  }
}

const masksOf = ({ dropoutMask, recurrentDropoutMask }: Layer): tf.Tensor[] =>
  [dropoutMask, recurrentDropoutMask].flat().filter((mask) => mask !== undefined && mask !== null);

/**
 * Runs with `values` in the place of `variables`; nothing of the model has changed afterwards, also if `run` throws, and
 * calls may nest. `written` has what training would have assigned; in inference, a write is refused.
 */
export const withWeights = <T>(
  { variables, all, cells }: Swappable,
  values: readonly tf.Tensor[],
  training: boolean,
  run: () => T,
): { result: T; written: Map<LayerVariable, tf.Tensor> } => {
  const undo: (() => void)[] = [];
  const writes = new Writes();
  try {
    for (const variable of all) {
      const write = (value: tf.Tensor): LayerVariable => {
        if (!training) throw weightWritten(variable.name);
        return writes.write(variable, value);
      };
      undo.push(replaced(variable, 'val', variable.val), replaced(variable, 'write', write));
    }
    for (const cell of cells) {
      undo.push(replaced(cell, 'dropoutMask', null), replaced(cell, 'recurrentDropoutMask', null));
    }
    for (const [i, variable] of variables.entries()) variable.val = values[i];
    const result = run();
    return { result, written: writes.finish() };
  } finally {
    for (const cell of cells) tf.dispose(masksOf(cell));
    for (const back of undo.reverse()) back();
    writes.dispose();
  }
};
