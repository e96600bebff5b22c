/** Writes an ONNX ModelProto: the parts of onnx.proto that a compiled Program needs, by their field numbers. */

import protobuf from 'protobufjs/minimal.js';
import type { Dtype, Shape } from '../../ir/aval.ts';

/** TensorProto.DataType of our dtypes, of the int64 in which ONNX states shapes and axes, and of bytes. */
export const DATA_TYPE: Readonly<Record<Dtype | 'int64' | 'uint8', number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float64: 11,
};

export interface TensorProto {
  readonly name: string;
  readonly dims: Shape;
  readonly dtype: Dtype | 'int64';
  /** Little-endian elements. */
  readonly rawData: Uint8Array;
}

/** A number is an int64, `{ float }` a float: ONNX tells them apart, JavaScript doesn't. */
export type Attribute = number | readonly number[] | string | { readonly float: number } | TensorProto;

export interface NodeProto {
  readonly opType: string;
  /** Empty: ONNX's own operators. */
  readonly domain?: string;
  /** Shown by the engine in its messages. */
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface ValueInfo {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: Shape;
}

export interface Graph {
  readonly nodes: readonly NodeProto[];
  readonly initializers: readonly TensorProto[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

/** ONNX's operator set that the lowering table is written for. */
const OPSET = 18;
const IR_VERSION = 8;
/** The domain of the engine's own operators, of which FusedMatMul is used. */
export const MICROSOFT = 'com.microsoft';

type Writer = protobuf.Writer;

const VARINT = 0;
const FIXED32 = 5;
const BYTES = 2;
const tag = (field: number, wire: number): number => (field << 3) | wire;

const string = (w: Writer, field: number, text: string): void => {
  w.uint32(tag(field, BYTES)).string(text);
};
const int64 = (w: Writer, field: number, value: number): void => {
  w.uint32(tag(field, VARINT)).int64(value);
};
const message = (w: Writer, field: number, write: () => void): void => {
  w.uint32(tag(field, BYTES)).fork();
  write();
  w.ldelim();
};
const packedInt64 = (w: Writer, field: number, values: readonly number[]): void =>
  message(w, field, () => {
    for (const value of values) w.int64(value);
  });

const tensor = (w: Writer, t: TensorProto): void => {
  packedInt64(w, 1, t.dims);
  int64(w, 2, DATA_TYPE[t.dtype]);
  string(w, 8, t.name);
  w.uint32(tag(9, BYTES)).bytes(t.rawData);
};

const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, tensor: 4, ints: 7 };

const attribute = (w: Writer, name: string, value: Attribute): void => {
  string(w, 1, name);
  if (typeof value === 'number') {
    int64(w, 3, value);
    int64(w, 20, ATTRIBUTE_TYPE.int);
  } else if (typeof value === 'string') {
    string(w, 4, value);
    int64(w, 20, ATTRIBUTE_TYPE.string);
  } else if ('float' in value) {
    w.uint32(tag(2, FIXED32)).float(value.float);
    int64(w, 20, ATTRIBUTE_TYPE.float);
  } else if ('rawData' in value) {
    message(w, 5, () => tensor(w, value));
    int64(w, 20, ATTRIBUTE_TYPE.tensor);
  } else {
    packedInt64(w, 8, value);
    int64(w, 20, ATTRIBUTE_TYPE.ints);
  }
};

const node = (w: Writer, n: NodeProto): void => {
  for (const name of n.inputs) string(w, 1, name);
  for (const name of n.outputs) string(w, 2, name);
  string(w, 3, n.name);
  string(w, 4, n.opType);
  for (const name in n.attributes) message(w, 5, () => attribute(w, name, n.attributes[name]));
  if (n.domain) string(w, 7, n.domain);
};

const valueInfo = (w: Writer, info: ValueInfo): void => {
  string(w, 1, info.name);
  message(w, 2, () =>
    message(w, 1, () => {
      int64(w, 1, DATA_TYPE[info.dtype]);
      message(w, 2, () => {
        for (const d of info.shape) message(w, 1, () => int64(w, 1, d));
      });
    }),
  );
};

/**
 * The first output of every model, an empty sequence. The engine hands outputs over as copies, also those that were
 * computed into arrays of ours: a fresh page for every 4 KiB, which takes longer than most programs. It stops with an
 * error at the first that it has no copy for, which is a sequence; by then everything is computed (session.ts).
 */
export const NOT_HANDED_OVER = 'not-handed-over';

const sequenceInfo = (w: Writer, name: string): void => {
  string(w, 1, name);
  message(w, 2, () => message(w, 4, () => message(w, 1, () => message(w, 1, () => int64(w, 1, DATA_TYPE.float32)))));
};

const graph = (w: Writer, g: Graph): void => {
  const name = NOT_HANDED_OVER;
  message(w, 1, () => node(w, { opType: 'SequenceEmpty', name, inputs: [], outputs: [name], attributes: {} }));
  for (const n of g.nodes) message(w, 1, () => node(w, n));
  string(w, 2, 'program');
  for (const t of g.initializers) message(w, 5, () => tensor(w, t));
  for (const info of g.inputs) message(w, 11, () => valueInfo(w, info));
  message(w, 12, () => sequenceInfo(w, name));
  for (const info of g.outputs) message(w, 12, () => valueInfo(w, info));
};

const opset = (w: Writer, domain: string, version: number): void => {
  string(w, 1, domain);
  int64(w, 2, version);
};

/** The bytes of a model of this graph. */
export const encodeModel = (g: Graph): Uint8Array => {
  const w = protobuf.Writer.create();
  int64(w, 1, IR_VERSION);
  string(w, 2, 'diffops');
  message(w, 7, () => graph(w, g));
  message(w, 8, () => opset(w, '', OPSET));
  message(w, 8, () => opset(w, MICROSOFT, 1));
  return w.finish();
};
