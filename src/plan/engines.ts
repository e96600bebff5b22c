/** Which engine runs a program: the one that takes less time for it. */

import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { DeviceName, EngineName } from '../device-traits.ts';
import { WebAssembly } from '../fusion/web-assembly.ts';
import { sizeOf } from '../ir/aval.ts';
import type { DotParams } from '../ir/params.ts';
import type { Equation, Program } from '../ir/program.ts';
import { leastNanoseconds, tileNanoseconds } from './cost.ts';
import { nativeNanosecondsOf } from './native-cost.ts';
import { tensorflowNanosecondsOf } from './tensorflow-cost.ts';

/** `onnx`: ONNX Runtime, an equation at a time; `native`: fused loops as WebAssembly; others: the devices' own. */
export type CompiledEngine = Exclude<EngineName, 'interpret'>;

/** Read where they are, as other operands are. */
const MOVES: ReadonlySet<string> = new Set([
  'reshape',
  'broadcast',
  'permute',
  'slice',
  'pad',
  'concat',
  'reverse',
  'roll',
]);

export interface EnginePrice {
  readonly engine: CompiledEngine;
  /** Nanoseconds of one core that a run takes. */
  readonly nanoseconds: number;
}

/** A module with one function, which makes a vector and drops it. */
const VECTORS = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 65, 0, 253, 15, 26, 11];

/** Bytes of addresses that a WebAssembly memory reserves, about; a thread has two of them, this one has one at least. */
const RESERVED = 11 * 2 ** 30;

/** Whether the limit on addresses, where there is one (`ulimit -v`), is wide enough for a thread on each core. */
const addressesSuffice = (): boolean => {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const soft = /^Max address space\s+(\d+)/m.exec(limits)?.[1];
    return soft === undefined || Number(soft) >= (2 * availableParallelism() + 1) * RESERVED;
  } catch {
    // Not Linux.
    return true;
  }
};

let possible: boolean | undefined;

/** Whether this process may run vector code, and can have a memory for it, which reserves much address space. */
const canRunNative = (): boolean => {
  if (possible !== undefined) return possible;
  possible = false;
  try {
    possible =
      addressesSuffice() &&
      WebAssembly.validate(Uint8Array.from(VECTORS)) &&
      new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }) !== null;
  } catch {
    // None at all, or no room for it.
  }
  return possible;
};

/** Nanoseconds of native code, about, for a multiplication of a product and for an element that is computed. */
const PER_PRODUCT = 0.13;
const PER_ELEMENT = 0.17;

/** Multiplications of a product. */
const productsOf = ({ inputs, params, output }: Equation): number => {
  const { lhs, out } = params as unknown as DotParams;
  const { shape } = inputs[0].aval;
  let products = sizeOf(output.aval.shape);
  for (let i = 0; i < lhs.length; i++) if (!out.includes(lhs[i])) products *= shape[i];
  return products;
};

/** What loops take as it looks before they are made, which takes a while: reason enough, often, to look no further. */
const guessedNative = ({ equations }: Program): number => {
  let products = 0;
  let elements = 0;
  for (let i = 0; i < equations.length; i++) {
    const equation = equations[i];
    if (equation.primitive === 'dot') products += productsOf(equation);
    else if (!MOVES.has(equation.primitive)) elements += sizeOf(equation.output.aval.shape);
  }
  return PER_PRODUCT * products + PER_ELEMENT * elements;
};

/** Native code is made, and so priced, where it looks as if it took at most so much of what the engine takes. */
const LIKELY = 0.8;

/** Where a program may run. */
export interface Allowed {
  /** The CPU's figures serve for devices that have none of their own. Default: the CPU. */
  readonly device?: DeviceName;
  /** Whether native code may take ONNX Runtime's place; it is the CPU's. */
  readonly native: boolean;
}

/** What a run takes, about, on the engine that suits the program: what loops would take is a guess. */
export const roughNanoseconds = (program: Program, { device, native }: Allowed): number => {
  if (device === 'tensorflow') return tensorflowNanosecondsOf(program);
  const onnx = tileNanoseconds(program);
  return native && canRunNative() ? Math.min(onnx, guessedNative(program)) : onnx;
};

/** What a run takes on the engine that suits the program. */
export const cheaperEngine = (program: Program, { device, native }: Allowed): EnginePrice => {
  if (device === 'tensorflow') return { engine: 'tensorflow', nanoseconds: tensorflowNanosecondsOf(program) };
  const guess = native && canRunNative() ? guessedNative(program) : Number.POSITIVE_INFINITY;
  // Of many small equations, starting on them says enough.
  for (const priceOf of [leastNanoseconds, tileNanoseconds]) {
    const onnx = priceOf(program);
    if (guess >= LIKELY * onnx) continue;
    const nanoseconds = nativeNanosecondsOf(program);
    if (nanoseconds < onnx) return { engine: 'native', nanoseconds };
  }
  return { engine: 'onnx', nanoseconds: tileNanoseconds(program) };
};
