/** Loads and stores of one element or a vector of them, by dtype. */

import type { Dtype } from '../../ir/aval.ts';
import { bytesPerElement } from '../../ir/aval.ts';
import type { Code } from './code.ts';

/** Reads the element at the address on the stack plus `at`. */
export const loadScalar = (code: Code, dtype: Dtype, at = 0): void => {
  code.memory({ float32: 0x2a, float64: 0x2b, int32: 0x28, bool: 0x2d }[dtype], at);
};

/** Stores the number on the stack at the address below it. */
export const storeScalar = (code: Code, dtype: Dtype): void => {
  code.memory({ float32: 0x38, float64: 0x39, int32: 0x36, bool: 0x3a }[dtype]);
};

/** Bytes in the lanes' lower ends → masks as wide as the lanes. */
const masks = (code: Code, lanes: 2 | 4): void => {
  code.simd(0x89);
  code.simd(0xa9);
  if (lanes === 4) {
    code.simd(0xa1);
    return;
  }
  code.simd(0xc9);
  code.simd(0xc1);
};

/** Reads neighbours from the address on the stack on. */
export const loadVector = (code: Code, dtype: Dtype, lanes: 2 | 4, at = 0): void => {
  if (dtype === 'bool') {
    if (lanes === 4) code.simdMemory(0x5c, at);
    else {
      code.memory(0x2f, at);
      code.simd(17);
    }
    masks(code, lanes);
  } else if (dtype === 'int32' && lanes === 2) code.simdMemory(0x5d, at);
  else code.simdMemory(0, at);
};

export const extractLane = (code: Code, dtype: Dtype, k: number): void => {
  code.simd({ float32: 31, float64: 33, int32: 27, bool: 27 }[dtype], k);
};

/** A vector of numbers that `push` pushes one by one. */
export const gatherLanes = (code: Code, dtype: Dtype, lanes: 2 | 4, push: (lane: number) => void): void => {
  code.vector(new Int32Array(4));
  for (let lane = 0; lane < lanes; lane++) {
    push(lane);
    code.simd({ float32: 32, float64: 34, int32: 28, bool: 28 }[dtype], lane);
  }
  if (dtype !== 'bool') return;
  if (lanes === 2) code.simd(0xc9);
  code.simd(lanes === 2 ? 0xc1 : 0xa1);
};

/** Reads elements that are `step` apart; `address` pushes that of the first, moved by so many bytes. */
export const loadStrided = (
  code: Code,
  dtype: Dtype,
  lanes: 2 | 4,
  step: number,
  address: (bytes: number) => void,
): void => {
  gatherLanes(code, dtype, lanes, (lane) => {
    address(lane * step * bytesPerElement(dtype));
    loadScalar(code, dtype);
  });
};

/** Stores the vector on the stack at the address below it. */
export const storeVector = (code: Code, dtype: Dtype, lanes: 2 | 4): void => {
  if (dtype === 'bool') {
    code.vector(new Int32Array(4).fill(0x01010101));
    const picked = lanes === 4 ? [0, 4, 8, 12] : [0, 8];
    // Of a mask's bytes any one will do; the second vector's lowest bit makes it 1.
    const spare = new Array<number>(16 - picked.length).fill(16);
    code.shuffle([...picked, ...spare]);
    code.vector(new Int32Array(4).fill(0x01010101));
    code.simd(0x4e);
    if (lanes === 4) code.simdMemory(0x5a, 0, 0);
    else code.simdMemory(0x59, 0, 0);
  } else if (dtype === 'int32' && lanes === 2) code.simdMemory(0x5b, 0, 0);
  else code.simdMemory(11);
};
