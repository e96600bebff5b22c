/** The instructions of each operation on one number. */

import type { Dtype, FloatDtype } from '../../ir/aval.ts';
import { malformed } from '../../ir/builder.ts';
import type { Code } from './code.ts';
import { FAR, farScalar } from './far-code.ts';
import { BITS, bitsOf, FORMATS, fractionMask } from './float-format.ts';
import { TURNS, turnScalar } from './turn-code.ts';

/** Pushes operand k. */
export type Push = (k: number) => void;
export type Table = Readonly<Record<string, number>>;

const COMPARED = ['eq', 'ne', 'lt', 'le', 'gt', 'ge'];

/** Operations of two operands. */
export const BINARY: Table = Object.fromEntries(
  ['add', 'sub', 'mul', 'div', 'rem', 'min', 'max', 'at_least', 'at_most', ...COMPARED].map((op) => [op, 1]),
);

export const SCALAR: Readonly<Record<'float32' | 'float64' | 'int32', Table>> = {
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
/** Truth values are compared as whole numbers are. */
const SCALAR_LOGIC: Table = { ...SCALAR.int32, and: 0x71, or: 0x72, xor: 0x73 };

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
    if (BITS.has(op) && dtype !== 'int32') this.#bits(op, dtype, push);
    else if (TURNS.has(op)) turnScalar(code, op, () => push(0));
    else if (FAR.has(op) && dtype !== 'int32') farScalar(code, FAR.get(op) as number, dtype, push);
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
