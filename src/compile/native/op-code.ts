/** The instructions of each operation, on one number or on all lanes of a vector. */

import type { Dtype, FloatDtype } from '../../ir/aval.ts';
import { malformed } from '../../ir/builder.ts';
import type { Code } from './code.ts';

/** Pushes operand k. */
type Push = (k: number) => void;
type Table = Readonly<Record<string, number>>;

const COMPARED = ['eq', 'ne', 'lt', 'le', 'gt', 'ge'];

const SCALAR: Readonly<Record<'float32' | 'float64' | 'int32', Table>> = {
  float32: {
    ...{ neg: 0x8c, abs: 0x8b, sqrt: 0x91, floor: 0x8e, ceil: 0x8d, round: 0x90 },
    ...{ add: 0x92, sub: 0x93, mul: 0x94, div: 0x95, min: 0x96, max: 0x97 },
    ...{ eq: 0x5b, ne: 0x5c, lt: 0x5d, gt: 0x5e, le: 0x5f, ge: 0x60 },
  },
  float64: {
    ...{ neg: 0x9a, abs: 0x99, sqrt: 0x9f, floor: 0x9c, ceil: 0x9b, round: 0x9e },
    ...{ add: 0xa0, sub: 0xa1, mul: 0xa2, div: 0xa3, min: 0xa4, max: 0xa5 },
    ...{ eq: 0x61, ne: 0x62, lt: 0x63, gt: 0x64, le: 0x65, ge: 0x66 },
  },
  int32: {
    ...{ add: 0x6a, sub: 0x6b, mul: 0x6c, div: 0x6d, rem: 0x6f },
    ...{ eq: 0x46, ne: 0x47, lt: 0x48, gt: 0x4a, le: 0x4c, ge: 0x4e },
  },
};
const VECTOR: Readonly<Record<'float32' | 'float64' | 'int32', Table>> = {
  float32: {
    ...{ neg: 0xe1, abs: 0xe0, sqrt: 0xe3, floor: 0x68, ceil: 0x67, round: 0x6a },
    ...{ add: 0xe4, sub: 0xe5, mul: 0xe6, div: 0xe7, min: 0xe8, max: 0xe9, at_most: 0xea, at_least: 0xeb },
    ...{ eq: 0x41, ne: 0x42, lt: 0x43, gt: 0x44, le: 0x45, ge: 0x46 },
  },
  float64: {
    ...{ neg: 0xed, abs: 0xec, sqrt: 0xef, floor: 0x75, ceil: 0x74, round: 0x94 },
    ...{ add: 0xf0, sub: 0xf1, mul: 0xf2, div: 0xf3, min: 0xf4, max: 0xf5, at_most: 0xf6, at_least: 0xf7 },
    ...{ eq: 0x47, ne: 0x48, lt: 0x49, gt: 0x4a, le: 0x4b, ge: 0x4c },
  },
  int32: {
    ...{ neg: 0xa1, abs: 0xa0, add: 0xae, sub: 0xb1, mul: 0xb5, min: 0xb6, max: 0xb8 },
    ...{ eq: 0x37, ne: 0x38, lt: 0x39, gt: 0x3b, le: 0x3d, ge: 0x3f },
  },
};
const SCALAR_LOGIC: Table = {
  and: 0x71,
  or: 0x72,
  xor: 0x73,
  eq: 0x46,
  ne: 0x47,
  lt: 0x48,
  gt: 0x4a,
  le: 0x4c,
  ge: 0x4e,
};
const VECTOR_LOGIC: Table = { and: 0x4e, or: 0x50, xor: 0x51, ne: 0x51 };

/** Operations on the bits of floats. */
const BITS: Table = { pow2: 1, exponent: 1, significand: 1 };

/** Where the exponent begins, what it counts from, and the number from which on floats are whole. */
const FORMATS: Readonly<Record<FloatDtype, { readonly shift: number; readonly bias: number; readonly whole: number }>> =
  {
    float32: { shift: 23, bias: 127, whole: 2 ** 23 },
    float64: { shift: 52, bias: 1023, whole: 2 ** 52 },
  };

const bitsOf = (value: number, dtype: FloatDtype): bigint =>
  dtype === 'float32'
    ? BigInt(new Int32Array(Float32Array.of(value).buffer)[0])
    : new BigInt64Array(Float64Array.of(value).buffer)[0];

const fractionMask = (dtype: FloatDtype): bigint => (1n << BigInt(FORMATS[dtype].shift)) - 1n;

const NOT = 0x4d;
const AND = 0x4e;
const BITSELECT = 0x52;

/** One number per operation; truth values are 0 or 1. */
export class ScalarOps {
  readonly #code: Code;

  constructor(code: Code) {
    this.#code = code;
  }

  constant(value: number, dtype: Dtype): void {
    if (dtype === 'float32') this.#code.float(value, 'f32');
    else if (dtype === 'float64') this.#code.float(value, 'f64');
    else this.#code.i32(value);
  }

  /** `dtype` is the operands', of a select its choices'. */
  op(op: string, dtype: Dtype, result: Dtype, push: Push): void {
    const code = this.#code;
    if (op === 'select') {
      push(1);
      push(2);
      push(0);
      code.op(0x1b);
    } else if (op === 'cast') {
      push(0);
      this.#cast(dtype, result);
    } else if (dtype === 'bool') {
      push(0);
      if (op === 'not') {
        code.op(0x45);
        return;
      }
      push(1);
      code.op(SCALAR_LOGIC[op]);
    } else this.#number(op, dtype, push);
  }

  #number(op: string, dtype: 'float32' | 'float64' | 'int32', push: Push): void {
    const code = this.#code;
    const table = SCALAR[dtype];
    const choose = (first: number, second: number, compare: string, a: number, b: number): void => {
      push(first);
      push(second);
      push(a);
      push(b);
      code.op(table[compare], 0x1b);
    };
    if (op in BITS && dtype !== 'int32') this.#bits(op, dtype, push);
    else if (op === 'sign') {
      const zero = (): void => this.constant(0, dtype);
      this.constant(1, dtype);
      this.constant(-1, dtype);
      push(0);
      push(0);
      zero();
      code.op(table.lt, 0x1b);
      push(0);
      zero();
      code.op(table.gt, 0x1b);
    } else if (op === 'at_least' || op === 'at_most') {
      choose(1, 0, op === 'at_least' ? 'lt' : 'gt', 0, 1);
    } else if (op === 'is_nan') {
      push(0);
      push(0);
      code.op(table.ne);
    } else if (op === 'is_inf') {
      push(0);
      code.op(table.abs);
      this.constant(Number.POSITIVE_INFINITY, dtype);
      code.op(table.eq);
    } else if (dtype === 'int32' && (op === 'min' || op === 'max')) {
      choose(0, 1, op === 'min' ? 'lt' : 'gt', 0, 1);
    } else if (dtype === 'int32' && (op === 'neg' || op === 'abs')) {
      code.i32(0);
      push(0);
      code.op(0x6b);
      if (op === 'neg') return;
      push(0);
      push(0);
      code.i32(0);
      code.op(0x48, 0x1b);
    } else {
      if (table[op] === undefined) throw malformed(`There is no code for ${op} of ${dtype}.`);
      push(0);
      if (op in BINARY) push(1);
      code.op(table[op]);
    }
  }

  #bits(op: string, dtype: FloatDtype, push: Push): void {
    const code = this.#code;
    const wide = dtype === 'float64';
    const { shift, bias, whole } = FORMATS[dtype];
    const integer = (value: number | bigint): void => (wide ? code.i64(BigInt(value)) : code.i32(Number(value)));
    const [toBits, toFloat] = wide ? [0xbd, 0xbf] : [0xbc, 0xbe];
    const [add, and, or, left, right] = wide ? [0x7c, 0x83, 0x84, 0x86, 0x88] : [0x6a, 0x71, 0x72, 0x74, 0x76];
    push(0);
    if (op === 'pow2') {
      this.constant(1.5 * whole, dtype);
      code.op(SCALAR[dtype].add, toBits);
      integer(bias);
      code.op(add);
      integer(shift);
      code.op(left, toFloat);
    } else if (op === 'exponent') {
      code.op(toBits);
      integer(shift);
      code.op(right);
      integer(bitsOf(whole, dtype));
      code.op(or, toFloat);
      this.constant(whole + bias, dtype);
      code.op(SCALAR[dtype].sub);
    } else {
      code.op(toBits);
      integer(fractionMask(dtype));
      code.op(and);
      integer(bitsOf(1, dtype));
      code.op(or, toFloat);
    }
  }

  #cast(from: Dtype, to: Dtype): void {
    const code = this.#code;
    if (from === to) return;
    if (to === 'bool') {
      this.constant(0, from);
      code.op(SCALAR[from as 'float32'].ne);
    } else if (to === 'int32') {
      if (from === 'float32') code.op(0xfc, 0);
      if (from === 'float64') code.op(0xfc, 2);
    } else if (from === 'float32') code.op(0xbb);
    else if (from === 'float64') code.op(0xb6);
    else code.op(to === 'float32' ? 0xb2 : 0xb7);
  }
}

const BINARY: Table = Object.fromEntries(
  ['add', 'sub', 'mul', 'div', 'rem', 'min', 'max', 'at_least', 'at_most', ...COMPARED].map((op) => [op, 1]),
);

/**
 * Four lanes, or two where there are float64s: then int32s use the lower half. Truth values are masks, as wide as the
 * lanes.
 */
export class VectorOps {
  readonly #code: Code;
  readonly lanes: 2 | 4;

  constructor(code: Code, lanes: 2 | 4) {
    this.#code = code;
    this.lanes = lanes;
  }

  constant(value: number, dtype: Dtype): void {
    const code = this.#code;
    if (dtype === 'float32') code.vector(new Float32Array(4).fill(value));
    else if (dtype === 'float64') code.vector(new Float64Array(2).fill(value));
    else code.vector(new Int32Array(4).fill(dtype === 'bool' ? -value : value));
  }

  /** From the number on the stack. */
  splat(dtype: Dtype): void {
    const code = this.#code;
    if (dtype === 'float32') code.simd(19);
    else if (dtype === 'float64') code.simd(20);
    else code.simd(17);
    // All 32-bit lanes alike are a mask of any width.
    if (dtype === 'bool') code.simd(0xa1);
  }

  op(op: string, dtype: Dtype, result: Dtype, push: Push): void {
    const code = this.#code;
    if (op === 'select') {
      push(1);
      push(2);
      push(0);
      if (dtype === 'int32' && this.lanes === 2) this.#narrow();
      code.simd(BITSELECT);
    } else if (op === 'cast') this.#cast(dtype, result, push);
    else if (dtype === 'bool') this.#logic(op, push);
    else {
      this.#number(op, dtype, push);
      if (result === 'bool' && dtype === 'int32') this.#widen();
    }
  }

  /** Masks of int32 lanes, made as wide as the lanes. */
  #widen(): void {
    if (this.lanes === 2) this.#code.simd(0xc7);
  }
  /** Masks as wide as float64, brought to the lower half. */
  #narrow(): void {
    this.#code.vector(new Int32Array(4));
    this.#code.shuffle([0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23]);
  }

  #logic(op: string, push: Push): void {
    const code = this.#code;
    push(0);
    if (op === 'not') {
      code.simd(NOT);
      return;
    }
    push(1);
    if (op === 'eq') code.simd(0x51);
    else {
      if (VECTOR_LOGIC[op] === undefined) throw malformed(`There is no code for ${op} of bool.`);
      code.simd(VECTOR_LOGIC[op]);
    }
    if (op === 'eq') code.simd(NOT);
  }

  #number(op: string, dtype: 'float32' | 'float64' | 'int32', push: Push): void {
    const code = this.#code;
    const table = VECTOR[dtype];
    if (op in BITS && dtype !== 'int32') this.#bits(op, dtype, push);
    else if (op === 'sign') {
      const where = (compare: string): void => {
        push(0);
        this.constant(0, dtype);
        code.simd(table[compare]);
        code.simd(BITSELECT);
      };
      this.constant(1, dtype);
      this.constant(-1, dtype);
      push(0);
      where('lt');
      where('gt');
    } else if (op === 'is_nan') {
      push(0);
      push(0);
      code.simd(table.ne);
    } else if (op === 'is_inf') {
      push(0);
      code.simd(table.abs);
      this.constant(Number.POSITIVE_INFINITY, dtype);
      code.simd(table.eq);
    } else if (dtype === 'int32' && (op === 'div' || op === 'rem')) this.#divide(op, push);
    else {
      if (table[op] === undefined) throw malformed(`There is no vector code for ${op} of ${dtype}.`);
      push(0);
      if (op in BINARY) push(1);
      code.simd(table[op]);
    }
  }

  #bits(op: string, dtype: FloatDtype, push: Push): void {
    const code = this.#code;
    const wide = dtype === 'float64';
    const { shift, bias, whole } = FORMATS[dtype];
    const [add, left, right] = wide ? [0xce, 0xcb, 0xcd] : [0xae, 0xab, 0xad];
    const pattern = (bits: bigint): void =>
      code.vector(wide ? BigInt64Array.of(bits, bits) : new Int32Array(4).fill(Number(bits)));
    push(0);
    if (op === 'pow2') {
      this.constant(1.5 * whole, dtype);
      code.simd(VECTOR[dtype].add);
      pattern(BigInt(bias));
      code.simd(add);
      code.i32(shift);
      code.simd(left);
    } else if (op === 'exponent') {
      code.i32(shift);
      code.simd(right);
      pattern(bitsOf(whole, dtype));
      code.simd(0x50);
      this.constant(whole + bias, dtype);
      code.simd(VECTOR[dtype].sub);
    } else {
      pattern(fractionMask(dtype));
      code.simd(AND);
      pattern(bitsOf(1, dtype));
      code.simd(0x50);
    }
  }

  /** There are no vectors of quotients: lane by lane. */
  #divide(op: 'div' | 'rem', push: Push): void {
    const code = this.#code;
    code.vector(new Int32Array(4));
    for (let lane = 0; lane < this.lanes; lane++) {
      for (const k of [0, 1]) {
        push(k);
        code.simd(27, lane);
      }
      code.op(SCALAR.int32[op]);
      code.simd(28, lane);
    }
  }

  #cast(from: Dtype, to: Dtype, push: Push): void {
    const code = this.#code;
    push(0);
    if (from === to) return;
    if (to === 'bool') {
      this.constant(0, from);
      code.simd(VECTOR[from as 'float32'].ne);
      if (from === 'int32') this.#widen();
    } else if (from === 'bool') {
      if (to === 'int32' && this.lanes === 2) this.#narrow();
      this.constant(1, to);
      code.simd(AND);
    } else if (to === 'int32') code.simd(from === 'float32' ? 0xf8 : 0xfc);
    else if (from === 'int32') code.simd(to === 'float32' ? 0xfa : 0xfe);
    else throw malformed(`There is no vector code for a cast of ${from} to ${to}.`);
  }
}
