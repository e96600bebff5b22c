/** The abstract value of a Program's variable: its shape and dtype, without its numbers. */

export type FloatDtype = 'float32' | 'float64';
export type Dtype = FloatDtype | 'int32' | 'bool';
export type Shape = readonly number[];

export interface Aval {
  readonly shape: Shape;
  readonly dtype: Dtype;
}

/** The typed array that holds values of a dtype; `bool` is 0 or 1 per byte. */
export type TypedArray = Float32Array | Float64Array | Int32Array | Uint8Array;

/** A concrete array: row-major `data` of `aval.shape`. */
export interface Value {
  readonly shape: Shape;
  readonly dtype: Dtype;
  readonly data: TypedArray;
}

export const isFloat = (dtype: Dtype): dtype is FloatDtype => dtype === 'float32' || dtype === 'float64';

/** Whether a value, given from outside, is a shape. */
export const isShape = (value: unknown): value is Shape =>
  Array.isArray(value) && value.every((d) => Number.isInteger(d) && d >= 0);

export const sizeOf = (shape: Shape): number => {
  let product = 1;
  for (let i = 0; i < shape.length; i++) product *= shape[i];
  return product;
};

export const bytesPerElement = (dtype: Dtype): number => (dtype === 'float64' ? 8 : dtype === 'bool' ? 1 : 4);

export const bytesOf = (aval: Aval): number => sizeOf(aval.shape) * bytesPerElement(aval.dtype);

export const sameShape = (a: Shape, b: Shape): boolean => {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
};

export const sameAval = (a: Aval, b: Aval): boolean => a.dtype === b.dtype && sameShape(a.shape, b.shape);

export const allocate = (dtype: Dtype, length: number): TypedArray => {
  switch (dtype) {
    case 'float32':
      return new Float32Array(length);
    case 'float64':
      return new Float64Array(length);
    case 'int32':
      return new Int32Array(length);
    case 'bool':
      return new Uint8Array(length);
  }
};

/** Row-major strides: the distance in elements between neighbours along each axis. */
export const stridesOf = (shape: Shape): number[] => {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
};

const SHORT: Record<Dtype, string> = { float32: 'f32', float64: 'f64', int32: 'i32', bool: 'bool' };

/** `f32[2,3]`: the printed form. */
export const printAval = (aval: Aval): string => `${SHORT[aval.dtype]}[${aval.shape.join(',')}]`;
