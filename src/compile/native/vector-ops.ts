/** The instructions of each operation on all lanes of a vector. */

import type { Dtype, FloatDtype } from '../../ir/aval.ts';
import { malformed } from '../../ir/builder.ts';
import type { Code } from './code.ts';
import { FAR, farVector } from './far-code.ts';
import { BITS, bitsOf, FORMATS, fractionMask } from './float-format.ts';
import { BINARY, type Push, SCALAR, type Table } from './scalar-ops.ts';
import { TURNS, turnVector } from './turn-code.ts';

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
const VECTOR_LOGIC: Table = { and: 0x4e, or: 0x50, xor: 0x51, ne: 0x51 };

const NOT = 0x4d;
const AND = 0x4e;
const BITSELECT = 0x52;

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
    if (BITS.has(op) && dtype !== 'int32') this.#bits(op, dtype, push);
    else if (TURNS.has(op)) turnVector(code, op, () => push(0));
    else if (FAR.has(op) && dtype !== 'int32') farVector(code, FAR.get(op) as number, dtype, push);
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
