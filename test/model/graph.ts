/** GraphModels made by hand: nodes as the converter writes them, with weights from memory. */

import * as tf from '@tensorflow/tfjs';

type Attr = Readonly<Record<string, unknown>>;

export interface Node {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr?: Readonly<Record<string, Attr>>;
}

export interface Weight {
  readonly shape: number[];
  readonly dtype?: 'float32' | 'int32';
  readonly values: readonly number[];
}

const DT = { float32: { type: 'DT_FLOAT' }, int32: { type: 'DT_INT32' } } as const;

/** An input of any number of rows. */
export const placeholder = (name: string, ...sizes: number[]): Node => input(name, 'float32', sizes);
export const intPlaceholder = (name: string, ...sizes: number[]): Node => input(name, 'int32', sizes);

const input = (name: string, dtype: keyof typeof DT, sizes: number[]): Node => ({
  name,
  op: 'Placeholder',
  attr: {
    dtype: DT[dtype],
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

/** Attributes as the converter writes them: strings in base64, integers as strings. */
export const attr = {
  text: (value: string): Attr => ({ s: btoa(value) }),
  texts: (...values: string[]): Attr => ({ list: { s: values.map((value) => btoa(value)) } }),
  int: (value: number): Attr => ({ i: String(value) }),
  ints: (...values: number[]): Attr => ({ list: { i: values.map(String) } }),
  float: (value: number): Attr => ({ f: value }),
  flag: (value: boolean): Attr => ({ b: value }),
};

/** The model of nodes and weights; each weight is a node too. */
export const graphModel = (
  nodes: readonly Node[],
  weights: Readonly<Record<string, Weight>>,
  signature?: object,
): tf.GraphModel => {
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
      ...(signature ? { signature } : {}),
    }) as never,
  ) as unknown as tf.GraphModel;
};
