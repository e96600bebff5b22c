/** Sines and cosines of what is far out, by functions of JavaScript's: of float64, a number at a time. */

import type { FloatDtype } from '../../ir/aval.ts';
import type { Code } from './code.ts';

/** Functions that every module imports; they are its first ones. */
export const IMPORTED = ['sin', 'cos'];

/** Operations that call one, by its number. */
export const FAR: ReadonlyMap<string, number> = new Map([
  ['far_sin', 0],
  ['far_cos', 1],
]);

/** Nearer than this, half turns are counted exactly. */
const LIMIT = 2 ** 27;

const PROMOTE = 0xbb;
const DEMOTE = 0xb6;

const called = (code: Code, number: number, dtype: FloatDtype, pushNumber: () => void): void => {
  pushNumber();
  if (dtype === 'float32') code.op(PROMOTE);
  code.call(number);
  if (dtype === 'float32') code.op(DEMOTE);
};

/** Operand 0 is the argument, operand 1 the result where it is near. */
export const farScalar = (code: Code, number: number, dtype: FloatDtype, push: (k: number) => void): void => {
  const isSingle = dtype === 'float32';
  const result = code.local(isSingle ? 'f32' : 'f64');
  push(1);
  code.set(result);
  push(0);
  code.op(isSingle ? 0x8b : 0x99);
  code.float(LIMIT, isSingle ? 'f32' : 'f64');
  code.op(isSingle ? 0x5e : 0x64);
  code.when(() => {
    called(code, number, dtype, () => push(0));
    code.set(result);
  });
  code.get(result);
};

export const farVector = (code: Code, number: number, dtype: FloatDtype, push: (k: number) => void): void => {
  const isSingle = dtype === 'float32';
  const [result, mask] = [0, 1].map(() => code.local('v128'));
  push(1);
  code.set(result);
  push(0);
  code.simd(isSingle ? 0xe0 : 0xec);
  code.vector(isSingle ? new Float32Array(4).fill(LIMIT) : new Float64Array(2).fill(LIMIT));
  code.simd(isSingle ? 0x44 : 0x4a);
  code.tee(mask);
  code.simd(0x53);
  code.when(() => {
    // Lanes that aren't far keep what they are: it must not matter who their neighbours are.
    push(0);
    for (let lane = 0; lane < (isSingle ? 4 : 2); lane++) {
      called(code, number, dtype, () => {
        push(0);
        code.simd(isSingle ? 31 : 33, lane);
      });
      code.simd(isSingle ? 32 : 34, lane);
    }
    code.get(result);
    code.get(mask);
    code.simd(0x52);
    code.set(result);
  });
  code.get(result);
};
