/** GraphModels made by hand: nodes as the converter writes them, with weights from memory. */

import * as tf from '@tensorflow/tfjs';

type Attr = Readonly<Record<string, unknown>>;

interface Node {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr?: Readonly<Record<string, Attr>>;
}

interface Weight {
  readonly shape: number[];
  readonly dtype?: 'float32' | 'int32';
  readonly values: readonly number[];
}

const DT = { float32: { type: 'DT_FLOAT' }, int32: { type: 'DT_INT32' } } as const;

/** An input of any number of rows. */
export const placeholder = (name: string, ...sizes: number[]): Node => ({
  name,
  op: 'Placeholder',
  attr: {
    dtype: DT.float32,
    shape: { shape: { dim: [-1, ...sizes].map((size) => ({ size: String(size) })) } },
  },
});

export const node = (
  name: string,
  op: string,
  input: readonly string[],
  attr: Readonly<Record<string, Attr>> = {},
): Node => ({
  name,
  op,
  input,
  attr: { T: DT.float32, ...attr },
});

/** The model of nodes and weights; each weight is a node too. */
export const graphModel = (nodes: readonly Node[], weights: Readonly<Record<string, Weight>>): tf.GraphModel => {
  const entries = Object.entries(weights);
  const constants = entries.map(([name, { dtype = 'float32' }]) => ({ name, op: 'Const', attr: { dtype: DT[dtype] } }));
  const data = entries.flatMap(([, { dtype = 'float32', values }]) => [
    ...new Uint8Array((dtype === 'int32' ? Int32Array.from(values) : Float32Array.from(values)).buffer),
  ]);
  const weightSpecs = entries.map(([name, { shape, dtype = 'float32' }]) => ({ name, shape, dtype }));
  return tf.loadGraphModelSync(
    tf.io.fromMemorySync({
      modelTopology: { node: [...constants, ...nodes], library: {}, versions: {} } as object,
      weightSpecs,
      weightData: Uint8Array.from(data).buffer,
    }) as never,
  ) as unknown as tf.GraphModel;
};
