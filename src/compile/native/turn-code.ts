/**
 * float32 arguments of sin and cos brought into [−π/2, π/2], with the sign of the half turns left out: the sine of what
 * results is the sine, or the cosine, of what was given. In float64 on the way, so that 2^27 loses nothing.
 */

import type { Code } from './code.ts';

/** For a sine, for a cosine. */
export const TURNS: ReadonlySet<string> = new Set(['turned', 'turned_quarter']);

/** π in two parts, the first of 25 bits: its products with numbers of 28 bits are exact. */
const PI_HIGH = 3.1415926218032837;
const PI_LOW = 3.178650954705639e-8;

/** What differs between one number and a vector of two. */
interface Instructions {
  constant(value: number): void;
  readonly add: () => void;
  readonly sub: () => void;
  readonly mul: () => void;
  readonly nearest: () => void;
  readonly floor: () => void;
}

/** From the argument in local `x` to what is left of it, on the stack; `q` and `r` are of use to nobody else. */
const turn = (code: Code, op: string, i: Instructions, x: number, q: number, r: number): void => {
  const isCosine = op === 'turned_quarter';
  code.get(x);
  i.constant(1 / Math.PI);
  i.mul();
  if (isCosine) {
    i.constant(0.5);
    i.sub();
  }
  i.nearest();
  code.set(q);
  const turns = (): void => {
    code.get(q);
    if (!isCosine) return;
    i.constant(0.5);
    i.add();
  };
  code.get(x);
  for (const part of [PI_HIGH, PI_LOW]) {
    turns();
    i.constant(part);
    i.mul();
    i.sub();
  }
  code.set(r);
  // 1 or −1 for an even or an odd number of half turns; a cosine has them the other way round.
  const half = (): void => {
    code.get(q);
    i.constant(0.5);
    i.mul();
  };
  half();
  half();
  i.floor();
  i.sub();
  i.constant(isCosine ? 4 : -4);
  i.mul();
  i.constant(isCosine ? -1 : 1);
  i.add();
  code.get(r);
  i.mul();
};

export const turnScalar = (code: Code, op: string, push: () => void): void => {
  const [x, q, r] = [0, 1, 2].map(() => code.local('f64'));
  push();
  code.op(0xbb);
  code.set(x);
  const plain = (instruction: number) => (): void => code.op(instruction);
  const instructions = {
    add: plain(0xa0),
    sub: plain(0xa1),
    mul: plain(0xa2),
    nearest: plain(0x9e),
    floor: plain(0x9c),
  };
  turn(code, op, { ...instructions, constant: (value) => code.float(value, 'f64') }, x, q, r);
  code.op(0xb6);
};

const LOWER = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
const UPPER = [8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31];

export const turnVector = (code: Code, op: string, push: () => void): void => {
  const [x, q, r] = [0, 1, 2].map(() => code.local('v128'));
  const plain = (instruction: number) => (): void => code.simd(instruction);
  const instructions = {
    add: plain(0xf0),
    sub: plain(0xf1),
    mul: plain(0xf2),
    nearest: plain(0x94),
    floor: plain(0x75),
  };
  for (const isUpper of [false, true]) {
    push();
    if (isUpper) {
      push();
      code.shuffle(UPPER);
    }
    code.simd(0x5f);
    code.set(x);
    turn(code, op, { ...instructions, constant: (value) => code.vector(new Float64Array(2).fill(value)) }, x, q, r);
    code.simd(0x5e);
  }
  code.shuffle(LOWER);
};
