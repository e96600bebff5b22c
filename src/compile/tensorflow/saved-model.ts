/** Writes a SavedModel: the parts of TensorFlow's protocol buffers that a compiled Program needs, by their field numbers. */

import protobuf from 'protobufjs/minimal.js';
import type { Dtype, Shape } from '../../ir/aval.ts';

export type TfDtype = Dtype | 'resource';

/** TensorFlow's DataType. */
const DATA_TYPE: Readonly<Record<TfDtype, number>> = { float32: 1, float64: 2, int32: 3, bool: 10, resource: 20 };

export interface TensorProto {
  readonly dtype: Dtype;
  readonly dims: Shape;
  /** Little-endian elements. */
  readonly content: Uint8Array;
}

/** A number is an integer: nothing here has an attribute that isn't one. */
export type Attribute =
  | number
  | boolean
  | string
  | { readonly type: TfDtype }
  | { readonly types: readonly TfDtype[] }
  | { readonly shape: Shape }
  | { readonly tensor: TensorProto }
  | { readonly func: string };

export type Attributes = Readonly<Record<string, Attribute>>;

export interface NodeDef {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly attributes: Attributes;
}

/** An argument or a result of a function. */
interface ArgDef {
  readonly name: string;
  readonly dtype: Dtype;
}

export interface FunctionDef {
  readonly name: string;
  readonly args: readonly ArgDef[];
  /** `from`: an argument, or `node:port:index`. */
  readonly results: readonly (ArgDef & { readonly from: string })[];
  readonly nodes: readonly NodeDef[];
  readonly attributes: Attributes;
}

/** What goes in at a node of the graph, or comes out of it. */
export interface EndPoint {
  readonly node: string;
  readonly dtype: Dtype;
  readonly shape: Shape;
}

export interface Signature {
  readonly inputs: readonly EndPoint[];
  readonly outputs: readonly EndPoint[];
}

export interface SavedModel {
  readonly nodes: readonly NodeDef[];
  readonly functions: readonly FunctionDef[];
  readonly signatures: Readonly<Record<string, Signature>>;
}

/** TensorFlow 2.16's own number for its graphs; it takes older and somewhat newer ones. */
const PRODUCER = 1766;
const SCHEMA = 1;

type Writer = protobuf.Writer;

const VARINT = 0;
const BYTES = 2;
const tag = (field: number, wire: number): number => (field << 3) | wire;

const string = (w: Writer, field: number, text: string): void => {
  w.uint32(tag(field, BYTES)).string(text);
};
const integer = (w: Writer, field: number, value: number): void => {
  w.uint32(tag(field, VARINT)).int64(value);
};
const message = (w: Writer, field: number, write: () => void): void => {
  w.uint32(tag(field, BYTES)).fork();
  write();
  w.ldelim();
};
/** An entry of a map from strings to messages. */
const entry = (w: Writer, field: number, key: string, write: () => void): void =>
  message(w, field, () => {
    string(w, 1, key);
    message(w, 2, write);
  });

const shapeProto = (w: Writer, shape: Shape): void => {
  for (const d of shape) message(w, 2, () => integer(w, 1, d));
};

const attribute = (w: Writer, value: Attribute): void => {
  if (typeof value === 'number') integer(w, 3, value);
  else if (typeof value === 'boolean') integer(w, 5, Number(value));
  else if (typeof value === 'string') string(w, 2, value);
  else if ('type' in value) integer(w, 6, DATA_TYPE[value.type]);
  else if ('types' in value) {
    message(w, 1, () =>
      message(w, 6, () => {
        for (const type of value.types) w.int64(DATA_TYPE[type]);
      }),
    );
  } else if ('shape' in value) message(w, 7, () => shapeProto(w, value.shape));
  else if ('tensor' in value) {
    const { dtype, dims, content } = value.tensor;
    message(w, 8, () => {
      integer(w, 1, DATA_TYPE[dtype]);
      message(w, 2, () => shapeProto(w, dims));
      w.uint32(tag(4, BYTES)).bytes(content);
    });
  } else message(w, 10, () => string(w, 1, value.func));
};

const attributes = (w: Writer, field: number, values: Attributes): void => {
  for (const name in values) entry(w, field, name, () => attribute(w, values[name]));
};

const node = (w: Writer, { name, op, inputs, attributes: values }: NodeDef): void => {
  string(w, 1, name);
  string(w, 2, op);
  for (const input of inputs) string(w, 3, input);
  attributes(w, 5, values);
};

const argument = (w: Writer, { name, dtype }: ArgDef): void => {
  string(w, 1, name);
  integer(w, 3, DATA_TYPE[dtype]);
};

const functionDef = (w: Writer, f: FunctionDef): void => {
  message(w, 1, () => {
    string(w, 1, f.name);
    for (const arg of f.args) message(w, 2, () => argument(w, arg));
    for (const result of f.results) message(w, 3, () => argument(w, result));
  });
  for (const n of f.nodes) message(w, 3, () => node(w, n));
  for (const { name, from } of f.results) {
    message(w, 4, () => {
      string(w, 1, name);
      string(w, 2, from);
    });
  }
  attributes(w, 5, f.attributes);
};

const endPoint = (w: Writer, { node: name, dtype, shape }: EndPoint): void => {
  string(w, 1, `${name}:0`);
  integer(w, 2, DATA_TYPE[dtype]);
  message(w, 3, () => shapeProto(w, shape));
};

const signature = (w: Writer, { inputs, outputs }: Signature): void => {
  for (const point of inputs) entry(w, 1, point.node, () => endPoint(w, point));
  for (const point of outputs) entry(w, 2, point.node, () => endPoint(w, point));
  string(w, 3, 'tensorflow/serving/predict');
};

/** The bytes of `saved_model.pb`. */
export const encodeSavedModel = ({ nodes, functions, signatures }: SavedModel): Uint8Array => {
  const w = protobuf.Writer.create();
  integer(w, 1, SCHEMA);
  message(w, 2, () => {
    message(w, 1, () => string(w, 4, 'serve'));
    message(w, 2, () => {
      for (const n of nodes) message(w, 1, () => node(w, n));
      message(w, 2, () => {
        for (const f of functions) message(w, 1, () => functionDef(w, f));
      });
      message(w, 4, () => integer(w, 1, PRODUCER));
    });
    for (const name in signatures) entry(w, 5, name, () => signature(w, signatures[name]));
  });
  return w.finish();
};
